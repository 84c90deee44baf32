// Bitrix24's own JavaScript client at full speed, against a pretend portal of the standard plan: 50 at once, then 2 a second.
import assert from "node:assert/strict";
import { B24Hook, ParamsFactory } from "@bitrix24/b24jssdk";
import { backDoor, check, done } from "./check.mjs";

const hello = JSON.parse(process.argv[2]);
const admin = backDoor(hello.base_url);
const webhook = `https://${process.env.CROSSTIE_PORTAL}${new URL(hello.webhook).pathname.replace(/\/$/, "")}`;

await check("sixty calls at once keep below the standard plan's limit by the client's own brake", async () => {
  const b24 = B24Hook.fromWebhookUrl(webhook, { restrictionParams: ParamsFactory.fromTariffPlan("standard") });
  b24.offClientSideWarning();
  const asked = Array.from({ length: 60 }, () => b24.actions.v2.call.make({ method: "server.time" }));
  const times = (await Promise.all(asked)).map(response => Date.parse(response.getData().result));
  assert.ok(times.every(time => Number.isFinite(time)));
  const { requests, over_rate } = (await admin("world")).counters;
  // Both count alike, but not from the same moment: a call at the brim may be refused, and is then tried again.
  assert.equal(requests, 60 + over_rate);
  assert.ok(over_rate <= 10, `refused although the client braked: ${over_rate}`);
  assert.ok(Math.max(...times) - Math.min(...times) >= 3000, "the last ten wait for the bucket to drain");
});

await check("without its brake the same client meets QUERY_LIMIT_EXCEEDED", async () => {
  const { over_rate: before } = (await admin("world")).counters;
  const rateLimit = { burstLimit: 1000, drainRate: 1000, adaptiveEnabled: false };
  const restrictionParams = { ...ParamsFactory.getDefault(), maxRetries: 1, rateLimit };
  const hasty = B24Hook.fromWebhookUrl(webhook, { restrictionParams });
  hasty.offClientSideWarning();
  const asked = Array.from({ length: 60 }, () => hasty.actions.v2.call.make({ method: "server.time" }));
  const ends = (await Promise.allSettled(asked)).map(end => {
    if (end.status === "rejected") return end.reason.code;
    return end.value.isSuccess ? "answered" : [...end.value.errors.values()][0].code;
  });
  const refused = ends.filter(end => end === "QUERY_LIMIT_EXCEEDED").length;
  assert.ok(refused > 0, `how they ended: ${[...new Set(ends)]}`);
  assert.equal(refused + ends.filter(end => end === "answered").length, 60);
  assert.equal((await admin("world")).counters.over_rate - before, refused);
});

done("@bitrix24/b24jssdk");
