import { redirect } from "next/navigation";
import { Suspense } from "react";
import { AddApp } from "@/app/account/second-factor/add-app";
import { RemoveFactor } from "@/app/account/second-factor/remove-factor";
import { Waking } from "@/components/waking";
import { readSession } from "@/lib/session";

export default function SecondFactorPage() {
  return (
    <main>
      <h1>Second factor</h1>
      <Suspense fallback={<p>Loading …</p>}>
        <SecondFactor />
      </Suspense>
    </main>
  );
}

async function SecondFactor() {
  const session = await readSession();
  if (session === "asleep") return <Waking />;
  if (!session) redirect("/sign-in");
  return session.user.twoFactorEnabled ? <RemoveFactor /> : <AddApp />;
}
