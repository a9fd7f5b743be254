import type { Metadata } from "next";
import { Suspense } from "react";
import { NewPassword } from "@/app/reset-password/new-password";

// The token in the URL must not leak to other sites.
export const metadata: Metadata = { referrer: "no-referrer" };

type Props = { searchParams: Promise<{ token?: string; error?: string }> };

export default function ResetPasswordPage({ searchParams }: Props) {
  return (
    <main>
      <h1>Choose a new password</h1>
      <Suspense>
        <ResetPassword searchParams={searchParams} />
      </Suspense>
    </main>
  );
}

async function ResetPassword({ searchParams }: Props) {
  const { token, error } = await searchParams;
  if (token && !error) return <NewPassword token={token} />;
  return (
    <p role="alert">
      This link has been used or has expired. <a href="/forgot-password">Send another</a>
    </p>
  );
}
