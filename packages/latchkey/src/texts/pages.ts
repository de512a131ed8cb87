/** What the pages say that mails lead to. */
export const pages = {
  verifyEmail: {
    title: 'Confirm your e-mail address',
    lead: 'Is this address yours? Then confirm it.',
    action: 'Confirm this address',
    done: 'Thank you. Your address is confirmed.',
    void: 'This link has been used already, or it is too old. Ask for another one.',
    sent: 'We have sent you a mail. Follow the link in it to confirm your address.',
  },
  resetPassword: {
    title: 'Choose a new password',
    lead: 'Type the e-mail address of your account, and we send you a link.',
    email: 'E-mail address',
    ask: 'Send me a link',
    asked: 'If there is an account with this address, a mail is on its way to it.',
    password1: 'New password',
    password2: 'New password, once more',
    action: 'Set this password',
    done: 'Your new password is set. All devices were signed out.',
    void: 'This link has been used already, or it is too old. Ask for another one.',
  },
  devMail: {
    title: 'Mails',
    lead: 'Without LATCHKEY_SMTP_URL, mails are kept here and sent to nobody. Development only.',
    none: 'No mails yet.',
  },
} as const;
