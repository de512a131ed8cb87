/** What a host shows to whom: a template by who looks. */
import type { Account } from '../model/account.ts';
import type { Session } from '../model/session.ts';
import type { ViewChoices } from '../model/views.ts';
import type { Content, PageContext } from './page.ts';

export type SignedOutView = { readonly account: null; readonly session: null };

export type SignedInView = { readonly account: Account; readonly session: Session };

/** Content that is shown in the frame (text is escaped), or a whole answer. */
export type ViewTemplate<View> = (view: View, page: PageContext) => Content | Response | Promise<Content | Response>;

/** For somebody who is signed out, for somebody signed in, and before that for the first role in this order that they have. */
export type ViewTemplates = ViewChoices<ViewTemplate<SignedOutView>, ViewTemplate<SignedInView>>;
