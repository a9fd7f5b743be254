import { passkeyClient } from "@better-auth/passkey/client";
import {
  anonymousClient,
  emailOTPClient,
  magicLinkClient,
  multiSessionClient,
  twoFactorClient,
  usernameClient,
} from "better-auth/client/plugins";
import { createAuthClient } from "better-auth/react";

/** The full URL of a page of this deployment, for links in mails. */
export const pageHere = (path: string) => new URL(path, window.location.origin).href;

/** Loads a page, for after signing in or out: the router may still have one from before it. */
export const loadPage = (path: string) => window.location.assign(pageHere(path));

/** Opens the account after signing in; for a second step the client has loaded its page already. */
export const enter = (answer: object | null) => {
  if (answer && !("twoFactorRedirect" in answer)) loadPage("/account");
};

// No baseURL: the page's own origin.
export const authClient = createAuthClient({
  plugins: [
    usernameClient(),
    passkeyClient(),
    magicLinkClient(),
    emailOTPClient(),
    anonymousClient(),
    multiSessionClient(),
    twoFactorClient({
      onTwoFactorRedirect: ({ twoFactorMethods = [] }) =>
        loadPage(`/second-step?methods=${twoFactorMethods.join()}`),
    }),
  ],
  fetchOptions: {
    onError: ({ error }) => {
      if (error.code === "TWO_FACTOR_REQUIRED") loadPage("/account/second-factor");
    },
  },
});
