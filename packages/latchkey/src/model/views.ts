/** What is chosen by who looks: for the first of the roles, in the order given, that the person has. */
export type ByRole<Choice> = readonly (readonly [role: string, choice: Choice])[];

export type ViewChoices<SignedOut, SignedIn> = {
  readonly signedOut: SignedOut;
  readonly signedIn: SignedIn;
  readonly roles?: ByRole<SignedIn>;
};

/** The choice for somebody with these roles; null where none of them is there. */
export function choiceByRole<Choice>(choices: ByRole<Choice>, roles: readonly string[]): Choice | null {
  return choices.find(([role]) => roles.includes(role))?.[1] ?? null;
}
