"use client";
import { useSearchParams } from "next/navigation";

const WORDS: Record<string, string> = {
  access_denied: "You cancelled. Nothing has changed.",
  account_already_linked_to_different_user: "That account already belongs to another user.",
  account_not_linked:
    "There is an account with this address already, and not both sides have verified it. Sign in " +
    "to it in another way, verify its address, and link the provider there.",
  BANNED_USER: "This account is banned.",
  email_does_not_match: "That account has another e-mail address than yours here.",
  email_not_found: "The provider did not tell us an e-mail address. Please allow it to.",
  email_not_verified: "Please open the link that we sent to your e-mail address, then sign in.",
  signup_disabled: "Nobody can sign up at the moment.",
  state_mismatch: "That took too long, or was begun in another browser. Please try again.",
  unable_to_link_account: "The account was not linked: the provider has not verified its address.",
  EXPIRED_TOKEN: "This link has expired. Request another.",
  INVALID_TOKEN: "This link has been used, or is not valid. Request another.",
};

/** Says what `?error=` means, on a page that a provider or a mailed link has led back to. */
export function RedirectError() {
  const code = useSearchParams().get("error");
  if (!code) return null;
  return <p role="alert">{WORDS[code] ?? "That did not work. Please try again."}</p>;
}
