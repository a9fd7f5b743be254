import "server-only";
import { createAuthClient } from "better-auth/client";
import { twoFactorClient, usernameClient } from "better-auth/client/plugins";
import { headers } from "next/headers";
import { cache } from "react";
import { askingFor } from "@/lib/gatehouse";

const gatehouse = createAuthClient({
  baseURL: process.env.GATEHOUSE_URL,
  plugins: [usernameClient(), twoFactorClient()], // for the user's type
});

export type Session = typeof gatehouse.$Infer.Session;

/** The session, null, or "asleep" if Gatehouse does not respond. Read once for each request. */
export const readSession = cache(async (): Promise<Session | null | "asleep"> => {
  const asking = askingFor(await headers());
  if (!asking.cookie) return null;
  try {
    const { data, error } = await gatehouse.getSession({
      query: { disableRefresh: true },
      fetchOptions: { headers: asking, cache: "no-store", signal: AbortSignal.timeout(10_000) },
    });
    return error ? "asleep" : data;
  } catch {
    return "asleep"; // no response within ten seconds, or no connection
  }
});
