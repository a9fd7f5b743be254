"use server";
import { readSession } from "@/lib/session";

/** A server function is an endpoint of its own, so it checks the session even if its page did. */
export async function greet(): Promise<string> {
  const session = await readSession();
  if (session === "asleep") return "The sign-in service is waking up. Please try again.";
  if (!session) return "You are not signed in.";
  return `Hello again, ${session.user.name}.`;
}
