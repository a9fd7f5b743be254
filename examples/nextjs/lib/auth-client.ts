import { createAuthClient } from "better-auth/react";

export const authClient = createAuthClient(); // no baseURL: the page's own origin

/** The full URL of a page of this deployment, for links in mails. */
export const pageHere = (path: string) => new URL(path, window.location.origin).href;

/** Loads a page, for after signing in or out: the router may still have one from before it. */
export const loadPage = (path: string) => window.location.assign(pageHere(path));
