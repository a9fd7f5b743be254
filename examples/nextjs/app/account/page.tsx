import { redirect } from "next/navigation";
import { Suspense } from "react";
import { Accounts } from "@/app/account/accounts";
import { ChangeEmail } from "@/app/account/change-email";
import { Greeting } from "@/app/account/greeting";
import { LinkedAccounts } from "@/app/account/linked-accounts";
import { Live } from "@/app/account/live";
import { Passkeys } from "@/app/account/passkeys";
import { RedirectError } from "@/components/redirect-error";
import { Waking } from "@/components/waking";
import { readSession } from "@/lib/session";

/** Shows at once what is the same for everybody; the rest follows when Gatehouse has responded. */
export default function AccountPage() {
  return (
    <main>
      <Suspense fallback={<p>Loading …</p>}>
        <Account />
      </Suspense>
    </main>
  );
}

async function Account() {
  const session = await readSession();
  if (session === "asleep") return <Waking />;
  if (!session) redirect("/sign-in");
  return (
    <>
      <h1>Hello {session.user.name}</h1>
      <p>
        {session.user.email}, {session.user.emailVerified ? "verified" : "not verified yet"}
      </p>
      <RedirectError />
      <Greeting />
      <Live />
      <ChangeEmail />
      <a href="/account/second-factor">Second factor</a>
      <LinkedAccounts />
      <Passkeys />
      <Accounts />
    </>
  );
}
