// Bitrix24's own JavaScript client, `@bitrix24/b24jssdk`, against the pretend Bitrix24.
import assert from "node:assert/strict";
import {
  AjaxError,
  AjaxResult,
  B24Hook,
  B24OAuth,
  EnumCrmEntityTypeId,
  ParamsFactory,
  RefreshTokenError,
} from "@bitrix24/b24jssdk";
import { backDoor, check, done, refusal } from "./check.mjs";

const hello = JSON.parse(process.argv[2]);
const admin = backDoor(hello.base_url);
const portal = `https://${process.env.CROSSTIE_PORTAL}`;
const webhook = new URL(hello.webhook).pathname.replace(/\/$/, "");
const hook = (restrictionParams, path = webhook) => {
  const made = B24Hook.fromWebhookUrl(`${portal}${path}`, { restrictionParams });
  made.offClientSideWarning();
  return made;
};
const b24 = hook();
const { deal: DEAL, contact: CONTACT } = EnumCrmEntityTypeId;

const call = async (method, params, from = b24) => {
  const response = await from.actions.v2.call.make({ method, params });
  assert.ok(response instanceof AjaxResult);
  assert.ok(response.isSuccess, response.getErrorMessages().join("; "));
  return response.getData().result;
};
// A refusal is thrown, or comes as a result with errors, as the client sees fit.
const refused = async (method, params, from = b24) => {
  try {
    const response = await from.actions.v2.call.make({ method, params });
    assert.equal(response.isSuccess, false, `${method} was answered: ${JSON.stringify(response.getData())}`);
    return [...response.errors.values()][0];
  } catch (error) {
    if (!(error instanceof AjaxError)) throw error;
    return error;
  }
};
const ids = async entity => Object.keys((await admin("world")).items[entity]).map(Number).sort((a, b) => a - b);

await check("the client's health check and ping", async () => {
  assert.equal(await b24.tools.healthCheck.make({ requestId: "health" }), true);
  assert.ok((await b24.tools.ping.make({ requestId: "ping" })) >= 0);
});

await check("people and dictionaries: profile, user.get, crm.status.list, crm.category.list", async () => {
  const me = await call("profile");
  assert.deepEqual([me.ID, me.ADMIN], ["1", true]);
  const users = await call("user.get", { FILTER: { ACTIVE: true } });
  const world = await admin("world");
  assert.deepEqual(users.map(user => user.EMAIL), world.users.map(user => user.email));
  const stages = await call("crm.status.list", { filter: { ENTITY_ID: "DEAL_STAGE" }, order: { SORT: "ASC" } });
  assert.deepEqual(stages.map(stage => stage.STATUS_ID), world.stages[0].stages.map(stage => stage.id));
  assert.equal((await call("crm.category.list", { entityTypeId: DEAL })).categories[0].id, 0);
});

let deal, contact;
await check("crm.item.fields, add, get, update, list and delete of deals and contacts", async () => {
  const { fields } = await call("crm.item.fields", { entityTypeId: DEAL, useOriginalUfNames: "Y" });
  assert.deepEqual([fields.title.type, fields.id.isReadOnly, fields.UF_CRM_SERVICES.isMultiple], ["string", true, true]);
  const services = fields.UF_CRM_SERVICES.items.map(item => item.ID);
  const entityTypeId = CONTACT;
  const fm = { n0: { typeId: "PHONE", valueType: "WORK", value: "+49 30 1" }, n1: { typeId: "EMAIL", valueType: "WORK", value: "a@b.example" } };
  const { id } = (await call("crm.item.add", { entityTypeId, fields: { name: "Iðunn", lastName: "Ólafsdóttir", fm } })).item;
  contact = (await call("crm.item.get", { entityTypeId, id })).item;
  assert.deepEqual(contact.fm.map(one => one.value).sort(), ["+49 30 1", "a@b.example"]);
  const phone = contact.fm.find(one => one.typeId === "PHONE");
  const kept = { [phone.id]: { typeId: "PHONE", valueType: "HOME", value: "+49 30 2" } };
  await call("crm.item.update", { entityTypeId, id, fields: { fm: kept } });
  contact = (await call("crm.item.get", { entityTypeId, id })).item;
  assert.deepEqual(contact.fm.find(one => one.id === phone.id).value, "+49 30 2");
  const added = await call("crm.item.add", {
    entityTypeId: DEAL,
    useOriginalUfNames: "Y",
    fields: {
      title: "Sold by JavaScript",
      opportunity: 10.25,
      isManualOpportunity: "Y",
      contactIds: [contact.id],
      closedate: "2026-12-24",
      UF_CRM_SERVICES: services.slice(0, 2),
      UF_CRM_ONSITE: "Y",
    },
  });
  deal = added.item;
  assert.deepEqual([deal.title, deal.opportunity, deal.contactId, deal.contactIds], ["Sold by JavaScript", 10.25, contact.id, [contact.id]]);
  assert.match(deal.closedate, /^2026-12-24T/);
  assert.deepEqual(deal.UF_CRM_SERVICES.map(String), services.slice(0, 2).map(String));
  const got = await call("crm.item.get", { entityTypeId: DEAL, id: deal.id, useOriginalUfNames: "Y" });
  assert.deepEqual(got.item, deal);
  const { item } = await call("crm.item.update", { entityTypeId: DEAL, id: deal.id, fields: { stageId: "WON" } });
  assert.deepEqual([item.stageId, item.title, item.closed], ["WON", "Sold by JavaScript", "Y"]);
  const or = { 0: { logic: "OR", 0: { "=title": "Sold by JavaScript" }, 1: { "%title": "no such" } }, contactIds: [contact.id] };
  const listed = await call("crm.item.list", { entityTypeId: DEAL, filter: or, select: ["id", "title"], order: { id: "desc" } });
  assert.deepEqual(listed.items.map(row => [row.id, row.title]), [[deal.id, "Sold by JavaScript"]]);
  const spare = (await call("crm.item.add", { entityTypeId: DEAL, fields: { title: "Spare" } })).item.id;
  assert.deepEqual(await call("crm.item.delete", { entityTypeId: DEAL, id: spare }), []);
  assert.equal((await refused("crm.item.get", { entityTypeId: DEAL, id: spare })).code, "NOT_FOUND");
});

await check("tasks: getFields, add, get, list, update and delete, with what they are bound to", async () => {
  const { fields } = await call("tasks.task.getFields");
  assert.deepEqual([fields.TITLE.required, fields.STATUS.values["5"] !== undefined], [true, true]);
  const given = { TITLE: "Call back", RESPONSIBLE_ID: 1, DEADLINE: "2026-12-24T12:00:00+00:00", UF_CRM_TASK: [`D_${deal.id}`] };
  const { task } = await call("tasks.task.add", { fields: given });
  assert.deepEqual([task.title, task.responsibleId, task.status], ["Call back", "1", "2"]);
  const select = ["ID", "TITLE", "STATUS", "DEADLINE", "UF_CRM_TASK"];
  const got = (await call("tasks.task.get", { taskId: task.id, select })).task;
  assert.deepEqual([got.title, got.ufCrmTask], ["Call back", [`D_${deal.id}`]]);
  assert.equal(Date.parse(got.deadline), Date.parse("2026-12-24T12:00:00Z"));
  const changed = (await call("tasks.task.update", { taskId: task.id, fields: { STATUS: 5 } })).task;
  assert.deepEqual([changed.id, changed.status], [task.id, "5"]);
  const filter = { TITLE: "Call back", REAL_STATUS: 5, ">=ID": task.id };
  const { tasks } = await call("tasks.task.list", { filter, select: ["ID", "STATUS"], order: { ID: "asc" } });
  assert.deepEqual(tasks.map(row => [row.id, row.status]), [[task.id, "5"]]);
  assert.equal((await refused("tasks.task.add", { fields: { RESPONSIBLE_ID: 1 } })).status, 400);
  await call("tasks.task.delete", { taskId: task.id });
  assert.deepEqual(await call("tasks.task.get", { taskId: task.id }), []);
});

await check("a lead by both families of methods", async () => {
  const entityTypeId = EnumCrmEntityTypeId.lead;
  const { item } = await call("crm.item.add", { entityTypeId, fields: { title: "Asked by phone", name: "Grace" } });
  assert.deepEqual([item.title, item.name, item.stageId], ["Asked by phone", "Grace", "NEW"]);
  assert.equal(await call("crm.lead.update", { id: item.id, fields: { STATUS_ID: "IN_PROCESS" } }), true);
  const older = await call("crm.lead.get", { id: item.id });
  assert.deepEqual([older.ID, older.TITLE, older.STATUS_ID], [String(item.id), "Asked by phone", "IN_PROCESS"]);
  const listed = await call("crm.item.list", { entityTypeId, filter: { "=title": "Asked by phone" }, select: ["id", "stageId"] });
  assert.deepEqual(listed.items.map(row => [row.id, row.stageId]), [[item.id, "IN_PROCESS"]]);
  assert.deepEqual(await call("crm.item.delete", { entityTypeId, id: item.id }), []);
  assert.equal((await refused("crm.lead.get", { id: item.id })).status, 400);
});

await check("older methods: crm.deal.*, crm.contact.* and the links between them", async () => {
  const id = await call("crm.deal.add", { fields: { TITLE: "Older", OPPORTUNITY: "7" } });
  assert.equal(await call("crm.deal.update", { id, fields: { COMMENTS: "kept" } }), true);
  const older = await call("crm.deal.get", { id });
  assert.deepEqual([older.ID, older.OPPORTUNITY, older.COMMENTS], [String(id), "7.00", "kept"]);
  const other = await call("crm.contact.add", { fields: { NAME: "Other", PHONE: [{ VALUE: "1", VALUE_TYPE: "WORK" }] } });
  const items = [{ CONTACT_ID: contact.id, IS_PRIMARY: "Y" }, { CONTACT_ID: other }];
  assert.equal(await call("crm.deal.contact.items.set", { id, items }), true);
  const links = await call("crm.deal.contact.items.get", { id });
  assert.deepEqual(links.map(link => [link.CONTACT_ID, link.IS_PRIMARY]), [[contact.id, "Y"], [other, "N"]]);
  assert.equal(await call("crm.deal.contact.delete", { id, fields: { CONTACT_ID: contact.id } }), true);
  assert.equal((await call("crm.item.get", { entityTypeId: DEAL, id })).item.contactId, other);
  assert.equal(await call("crm.contact.delete", { id: other }), true);
  assert.deepEqual(await call("crm.deal.contact.items.get", { id }), []);
  assert.equal((await refused("crm.contact.get", { id: other })).status, 400);
});

await check("batch: by name, by order, results inside results, errors of single commands", async () => {
  const batch = (calls, options) => b24.actions.v2.batch.make({ calls, options });
  const named = await batch(
    { who: ["profile"], deal: { method: "crm.item.get", params: { entityTypeId: DEAL, id: deal.id } }, users: ["user.get"] },
    { returnAjaxResult: true },
  );
  assert.ok(named.isSuccess);
  assert.equal(named.getData().deal.getData().result.item.id, deal.id);
  assert.equal(named.getData().users.getData().result.length, (await admin("world")).users.length);
  const chained = await batch([
    ["crm.deal.add", { fields: { TITLE: "Chained" } }],
    ["crm.deal.get", { id: "$result[0]" }],
  ]);
  assert.equal(chained.getData()[1].TITLE, "Chained");
  const mixed = await batch(
    { bad: ["crm.item.get", { entityTypeId: DEAL, id: 10 ** 6 }], good: ["profile"] },
    { isHaltOnError: false, returnAjaxResult: true },
  );
  assert.equal(mixed.isSuccess, false);
  assert.equal(mixed.errors.get("bad")?.code, "NOT_FOUND");
  assert.equal(mixed.getData().good.getData().result.ID, "1");
});

await check("a batch of fifty, and 130 commands by chunks", async () => {
  const add = i => ["crm.contact.add", { fields: { NAME: `Guest ${i}` } }];
  const fifty = await b24.actions.v2.batch.make({ calls: Array.from({ length: 50 }, (_, i) => add(i)) });
  assert.equal(new Set(fifty.getData()).size, 50);
  const deals = Array.from({ length: 130 }, (_, i) => ["crm.deal.add", { fields: { TITLE: `Deal ${i}` } }]);
  const many = await b24.actions.v2.batchByChunk.make({ calls: deals, options: { isHaltOnError: true } });
  assert.ok(many.isSuccess, many.getErrorMessages().join());
  assert.equal(new Set(many.getData()).size, 130);
});

await check("lists as a whole and chunk by chunk give every row once", async () => {
  const expected = await ids("deal");
  assert.ok(expected.length > 100);
  const { actions } = b24;
  const items = { method: "crm.item.list", params: { entityTypeId: DEAL, select: ["id", "title"] }, idKey: "id", customKeyForResult: "items" };
  assert.deepEqual((await actions.v2.callList.make(items)).getData().map(row => row.id), expected);
  const older = { method: "crm.deal.list", params: { select: ["ID"] }, idKey: "ID" };
  assert.deepEqual((await actions.v2.callList.make(older)).getData().map(row => Number(row.ID)), expected);
  const chunks = [];
  for await (const chunk of actions.v2.fetchList.make(items)) chunks.push(chunk);
  assert.deepEqual(chunks.flat().map(row => row.id), expected);
  assert.ok(chunks.slice(0, -1).every(chunk => chunk.length === 50));
  const people = await actions.v2.callList.make({ method: "user.get", idKey: "ID" });
  assert.equal(people.getData().length, (await admin("world")).users.length);
});

await check("errors have the portal's codes and statuses", async () => {
  const told = async (...args) => {
    const error = await refused(...args);
    return [error.status, error.code];
  };
  assert.deepEqual(await told("crm.nothing.list"), [404, "ERROR_METHOD_NOT_FOUND"]);
  assert.deepEqual(await told("crm.item.list", { entityTypeId: DEAL, filter: { OPPORTUNITY: 1 } }), [400, "INVALID_ARG_VALUE"]);
  assert.deepEqual(await told("profile", {}, hook(undefined, "/rest/1/wrong")), [403, "INVALID_CREDENTIALS"]);
  await admin("refuse", { code: "OVERLOAD_LIMIT", times: 3 });
  const hasty = hook({ ...ParamsFactory.getDefault(), maxRetries: 1 });
  assert.deepEqual(await told("profile", {}, hasty), [503, "OVERLOAD_LIMIT"]);
  while ((await hasty.actions.v2.call.make({ method: "profile" }).catch(() => ({ isSuccess: false }))).isSuccess === false);
});

await check("QUERY_LIMIT_EXCEEDED is waited out and tried again", async () => {
  const patient = hook({ ...ParamsFactory.getDefault(), retryDelay: 50 });
  const before = (await admin("world")).counters.requests;
  await admin("refuse", { code: "QUERY_LIMIT_EXCEEDED", times: 2 });
  assert.equal((await call("profile", {}, patient)).ID, "1");
  assert.equal((await admin("world")).counters.requests - before, 3);
});

await check("what people do at the screen is what the client reads", async () => {
  await admin("edit", { entity: "deal", id: String(deal.id), set: { TITLE: "By Anna" }, as: "Anna Weber" });
  const { item } = await call("crm.item.get", { entityTypeId: DEAL, id: deal.id });
  const anna = (await admin("world")).users.find(user => user.name === "Anna Weber");
  assert.deepEqual([item.title, String(item.updatedBy)], ["By Anna", anna.id]);
});

// An application's client, from what its install handler is sent.
const application = granted => {
  const made = new B24OAuth(
    {
      applicationToken: "",
      userId: granted.user_id,
      memberId: granted.member_id,
      accessToken: granted.access_token,
      refreshToken: granted.refresh_token,
      expires: granted.expires,
      expiresIn: granted.expires_in,
      scope: granted.scope,
      domain: new URL(granted.client_endpoint).host,
      clientEndpoint: granted.client_endpoint,
      serverEndpoint: granted.server_endpoint,
      status: granted.status,
    },
    { clientId: granted.client_id, clientSecret: granted.client_secret },
  );
  made.offClientSideWarning();
  return made;
};

await check("an application's token opens calls, and an expired one is renewed once for all calls at a time", async () => {
  const granted = await admin("install", {});
  const app = application(granted);
  const renewed = [];
  app.setCallbackRefreshAuth(async ({ authData, b24OAuthParams }) => {
    renewed.push([authData.access_token, b24OAuthParams.refreshToken]);
  });
  await app.initIsAdmin("admin");
  assert.equal(app.auth.isAdmin, true);
  await admin("expire_tokens", {});
  const answers = await Promise.all(Array.from({ length: 5 }, () => call("user.current", {}, app)));
  assert.deepEqual(answers.map(user => user.ID), ["1", "1", "1", "1", "1"]);
  assert.equal(renewed.length, 1);
  assert.notEqual(renewed[0][0], granted.access_token);
  assert.notEqual(renewed[0][1], granted.refresh_token);
  const batch = await app.actions.v2.batch.make({ calls: [["profile"], ["crm.deal.get", { id: deal.id }]] });
  assert.equal(batch.getData()[1].TITLE, "By Anna");
});

await check("a refresh token that was used already is a RefreshTokenError with invalid_grant", async () => {
  const granted = await admin("install", {});
  assert.equal((await application(granted).auth.refreshAuth()).expires_in, 3600);
  const late = await refusal(() => application(granted).auth.refreshAuth());
  assert.ok(late instanceof RefreshTokenError, String(late));
  assert.deepEqual([late.code, late.status], ["invalid_grant", 400]);
  const stranger = application({ ...(await admin("install", {})), client_secret: "guessed" });
  assert.equal((await refusal(() => stranger.auth.refreshAuth())).code, "invalid_client");
});

await check("offline events: what people change waits in the queue until it is taken", async () => {
  const app = application(await admin("install", {}));
  const refusedHook = await refused("event.get");
  assert.deepEqual([refusedHook.status, refusedHook.code], [403, "WRONG_AUTH_TYPE"]);
  assert.equal(await call("event.bind", { event: "OnCrmContactUpdate", event_type: "offline" }, app), true);
  await admin("edit", { entity: "contact", id: String(contact.id), set: { NAME: "Iðunn II" }, as: "Anna Weber" });
  const { process_id, events } = await call("event.offline.get", { clear: 0 }, app);
  assert.match(process_id, /^[0-9a-f]{32}$/);
  assert.deepEqual(events.map(row => [row.EVENT_NAME, row.EVENT_DATA.FIELDS.ID]), [["ONCRMCONTACTUPDATE", String(contact.id)]]);
  assert.equal(await call("event.offline.clear", { process_id, message_id: events.map(row => row.MESSAGE_ID) }, app), true);
  assert.deepEqual(await call("event.offline.get", {}, app), { process_id: null, events: [] });
  assert.deepEqual(await call("event.unbind", { event: "ONCRMCONTACTUPDATE", event_type: "offline" }, app), { count: 1 });
});

done("@bitrix24/b24jssdk");
