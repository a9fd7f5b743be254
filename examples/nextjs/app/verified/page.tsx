import { redirect } from "next/navigation";
import { Suspense } from "react";

type Props = { searchParams: Promise<{ error?: string; twoFactorRedirect?: string }> };

const ERRORS: Record<string, string> = {
  TOKEN_EXPIRED: "This link has expired. Sign in and request another.",
  INVALID_USER: "Another user is signed in here. Sign out, then open the link again.",
};

export default function VerifiedPage({ searchParams }: Props) {
  return (
    <main>
      <Suspense>
        <Verified searchParams={searchParams} />
      </Suspense>
    </main>
  );
}

async function Verified({ searchParams }: Props) {
  const { error, twoFactorRedirect } = await searchParams;
  if (twoFactorRedirect) redirect("/second-step"); // verified, and a second factor is asked for
  if (!error) return <p>Thank you, that worked.</p>;
  return <p role="alert">{ERRORS[error] ?? "This link is not valid. Request another."}</p>;
}
