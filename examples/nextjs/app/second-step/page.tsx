import { Suspense } from "react";
import { SecondStep } from "@/app/second-step/second-step";

type Props = { searchParams: Promise<{ methods?: string }> };

export default function SecondStepPage({ searchParams }: Props) {
  return (
    <main>
      <h1>One more step</h1>
      <Suspense>
        <Forms searchParams={searchParams} />
      </Suspense>
    </main>
  );
}

async function Forms({ searchParams }: Props) {
  const { methods = "totp" } = await searchParams; // absent after a link in a mail
  return <SecondStep methods={methods.split(",")} />;
}
