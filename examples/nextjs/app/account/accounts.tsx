"use client";
import { useEffect, useState } from "react";
import { authClient, loadPage } from "@/lib/auth-client";
import { useSignInMethods } from "@/lib/sign-in-methods";

type Account = { session: { id: string; token: string }; user: { id: string; email: string } };

/** Who else is signed in in this browser, with a button that switches to them. */
export function Accounts() {
  const enabled = useSignInMethods().multiSession?.enabled;
  const { data: current } = authClient.useSession();
  const [accounts, setAccounts] = useState<Account[]>([]);
  useEffect(() => {
    const list = async () => {
      const { data } = await authClient.multiSession.listDeviceSessions();
      setAccounts(data ?? []);
    };
    if (enabled) list();
  }, [enabled]);
  if (!enabled) return null;
  const switchTo = async (sessionToken: string) => {
    const { error } = await authClient.multiSession.setActive({ sessionToken });
    if (!error) loadPage("/account");
  };
  const others = accounts.filter(({ user }) => user.id !== current?.user.id);
  return (
    <section>
      <h2>Accounts</h2>
      {others.map(({ session, user }) => (
        <p key={session.id}>
          <button onClick={() => switchTo(session.token)}>Switch to {user.email}</button>
        </p>
      ))}
      <a href="/sign-in">Add another account</a>
    </section>
  );
}
