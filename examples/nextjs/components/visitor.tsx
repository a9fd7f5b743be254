"use client";
import { Waking } from "@/components/waking";
import { authClient, loadPage } from "@/lib/auth-client";

/** Shows who is signed in, with a button to sign out. */
export function Visitor() {
  const { data, error, isPending, refetch } = authClient.useSession();
  if (isPending) return <header>…</header>;
  if (error) {
    return (
      <header>
        <Waking text="Connecting …" onAwake={refetch} /> {/* unknown is not signed out */}
      </header>
    );
  }
  if (!data) {
    return (
      <header>
        <a href="/sign-in">Sign in</a> <a href="/sign-up">Sign up</a>
      </header>
    );
  }
  const signOut = async () => {
    const { error } = await authClient.signOut();
    if (!error) loadPage("/");
  };
  return (
    <header>
      Signed in as {data.user.name} <button onClick={signOut}>Sign out</button>
    </header>
  );
}
