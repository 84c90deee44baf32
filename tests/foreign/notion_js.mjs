// The official JavaScript client, `@notionhq/client`, against the pretend Notion.
import assert from "node:assert/strict";
import {
  APIErrorCode,
  APIResponseError,
  Client,
  ClientErrorCode,
  UnknownHTTPResponseError,
  collectAllDataSourceRows,
  collectDataSourceTemplates,
  collectPaginatedAPI,
  extractNotionId,
  isFullBlock,
  isFullDataSource,
  isFullDatabase,
  isFullPage,
  isFullPageOrDataSource,
  isFullUser,
  isHTTPResponseError,
  isNotionClientError,
  iteratePaginatedAPI,
} from "@notionhq/client";
import { backDoor, check, done, refusal } from "./check.mjs";

const hello = JSON.parse(process.argv[2]);
const admin = backDoor(hello.base_url);
const VERSION = "2026-03-11";
const make = options =>
  new Client({ auth: hello.token, baseUrl: hello.base_url, notionVersion: VERSION, logger: () => {}, ...options });
const notion = make({});
const impatient = make({ retry: false });
const contacts = hello.data_sources.Contacts;
const text = content => [{ text: { content } }];
const plain = rich => rich.map(part => part.plain_text).join("");
const nobody = "0b5b0d1c-8f4e-4a8e-9f52-2d3f0c5f7a11";
let people, bot, database, table, page, twin;

await check("users: me, list, retrieve, and all of them by iteration", async () => {
  bot = await notion.users.me({});
  assert.equal(bot.type, "bot");
  assert.equal(bot.bot.owner.type, "workspace");
  const first = await notion.users.list({ page_size: 2 });
  assert.equal(first.results.length, 2);
  assert.equal(first.type, "user");
  people = [];
  for await (const user of iteratePaginatedAPI(notion.users.list, { page_size: 2 })) people.push(user);
  assert.equal(people.length, (await admin("world")).users.length);
  assert.equal(new Set(people.map(user => user.id)).size, people.length);
  assert.ok(people.every(isFullUser));
  people = people.filter(user => user.type === "person");
  const anna = await notion.users.retrieve({ user_id: people[0].id });
  assert.deepEqual([anna.name, anna.person.email], [people[0].name, people[0].person.email]);
});

await check("databases: create with a data source of every column type, retrieve, update", async () => {
  const found = await notion.search({ query: "Crosstie", filter: { property: "object", value: "page" } });
  const parent = found.results.find(hit => hit.parent.type === "workspace") ?? { id: undefined };
  database = await notion.databases.create({
    parent: parent.id ? { type: "page_id", page_id: parent.id } : { type: "workspace", workspace: true },
    title: text("Foreign"),
    initial_data_source: {
      properties: {
        Name: { title: {} },
        Notes: { rich_text: {} },
        Amount: { number: { format: "euro" } },
        Stage: { select: { options: [{ name: "New", color: "blue" }, { name: "Won", color: "green" }] } },
        Tags: { multi_select: { options: [{ name: "a" }, { name: "b" }] } },
        Progress: { status: {} },
        Due: { date: {} },
        Owner: { people: {} },
        Papers: { files: {} },
        Active: { checkbox: {} },
        Site: { url: {} },
        Mail: { email: {} },
        Phone: { phone_number: {} },
        Contact: { relation: { data_source_id: contacts, single_property: {} } },
        Double: { formula: { expression: 'prop("Amount") * 2' } },
        Made: { created_time: {} },
        Maker: { created_by: {} },
        Changed: { last_edited_time: {} },
        Changer: { last_edited_by: {} },
        Number: { unique_id: { prefix: "F" } },
      },
    },
  });
  assert.ok(isFullDatabase(database));
  assert.equal(database.properties, undefined);
  table = database.data_sources[0].id;
  const again = await notion.databases.retrieve({ database_id: database.id });
  assert.deepEqual(again.data_sources, [{ id: table, name: "Foreign" }]);
  const renamed = await notion.databases.update({ database_id: database.id, description: text("Of all kinds") });
  assert.equal(plain(renamed.description), "Of all kinds");
});

await check("dataSources: retrieve, and update adds, renames, re-options and removes a column", async () => {
  const source = await notion.dataSources.retrieve({ data_source_id: table });
  assert.ok(isFullDataSource(source));
  assert.equal(source.parent.database_id, database.id);
  const kinds = Object.fromEntries(Object.entries(source.properties).map(([name, column]) => [name, column.type]));
  assert.deepEqual(
    [kinds.Name, kinds.Stage, kinds.Contact, kinds.Number, Object.keys(kinds).length],
    ["title", "select", "relation", "unique_id", 20],
  );
  assert.equal(source.properties.Contact.relation.data_source_id, contacts);
  assert.equal(source.properties.Progress.status.groups.length, 3);
  let changed = await notion.dataSources.update({
    data_source_id: table,
    properties: { Extra: { type: "number", number: { format: "percent" } }, Mail: { name: "E-mail" } },
  });
  assert.equal(changed.properties.Extra.number.format, "percent");
  assert.equal(changed.properties["E-mail"].id, source.properties.Mail.id);
  changed = await notion.dataSources.update({
    data_source_id: table,
    title: text("Things"),
    properties: { [changed.properties.Extra.id]: null, "E-mail": { name: "Mail" } },
  });
  assert.equal(changed.properties.Extra, undefined);
  assert.equal(plain(changed.title), "Things");
  const options = [...source.properties.Stage.select.options.map(({ id, name }) => ({ id, name })), { name: "Lost" }];
  changed = await notion.dataSources.update({ data_source_id: table, properties: { Stage: { select: { options } } } });
  assert.deepEqual(changed.properties.Stage.select.options.map(option => option.name), ["New", "Won", "Lost"]);
});

await check("dataSources: create a second one in the database, and list templates", async () => {
  const second = await notion.dataSources.create({
    parent: { type: "database_id", database_id: database.id },
    title: text("More things"),
    properties: { Name: { title: {} } },
  });
  const again = await notion.databases.retrieve({ database_id: database.id });
  assert.deepEqual(again.data_sources.map(source => source.id), [table, second.id]);
  assert.deepEqual(await collectDataSourceTemplates(notion, { data_source_id: table }), []);
});

const values = (owner, contact) => ({
  Name: { title: [{ text: { content: "Ein " } }, { text: { content: "Test", link: { url: "https://example.com/" } } }] },
  Notes: { rich_text: [{ text: { content: "bold" }, annotations: { bold: true } }] },
  Amount: { number: 1234.5 },
  Stage: { select: { name: "Won" } },
  Tags: { multi_select: [{ name: "b" }, { name: "made up" }] },
  Progress: { status: { name: "In progress" } },
  Due: { date: { start: "2026-07-25T16:57:28.513Z", end: "2026-07-26T10:00:00+02:00" } },
  Owner: { people: [{ id: owner }] },
  Papers: { files: [{ name: "terms", external: { url: "https://example.com/terms.pdf" } }] },
  Active: { checkbox: true },
  Site: { url: "https://example.com/a?b=c" },
  Mail: { email: "someone@example.com" },
  Phone: { phone_number: "+49 30 123456" },
  Contact: { relation: [{ id: contact }] },
});

await check("pages: create with a value of every writable type, and read the same back", async () => {
  const [contact] = (await notion.dataSources.query({ data_source_id: contacts, page_size: 1 })).results;
  page = await notion.pages.create({
    parent: { type: "data_source_id", data_source_id: table },
    icon: { type: "emoji", emoji: "🛤️" },
    properties: values(people[0].id, contact.id),
    children: [{ object: "block", type: "paragraph", paragraph: { rich_text: text("first") } }],
  });
  assert.ok(isFullPage(page));
  assert.deepEqual(page.parent, { type: "data_source_id", data_source_id: table, database_id: database.id });
  assert.equal(extractNotionId(page.url), page.id);
  assert.match(page.created_time, /:00\.000Z$/);
  assert.equal(page.archived, undefined);
  const read = (await notion.pages.retrieve({ page_id: page.id })).properties;
  assert.deepEqual(read, page.properties);
  assert.equal(plain(read.Name.title), "Ein Test");
  assert.equal(read.Name.title[1].href, "https://example.com/");
  assert.deepEqual([read.Notes.rich_text[0].annotations.bold, read.Notes.rich_text[0].annotations.color], [true, "default"]);
  assert.equal(read.Amount.number, 1234.5);
  assert.deepEqual([read.Stage.select.name, read.Stage.select.color], ["Won", "green"]);
  assert.deepEqual(read.Tags.multi_select.map(option => option.name), ["b", "made up"]);
  assert.equal(read.Progress.status.name, "In progress");
  assert.deepEqual(read.Due.date, {
    start: "2026-07-25T16:57:00.000+00:00",
    end: "2026-07-26T10:00:00.000+02:00",
    time_zone: null,
  });
  assert.deepEqual(read.Owner.people.map(user => [user.id, user.person.email]), [[people[0].id, people[0].person.email]]);
  assert.deepEqual(read.Papers.files, [
    { name: "terms", type: "external", external: { url: "https://example.com/terms.pdf" } },
  ]);
  assert.deepEqual([read.Active.checkbox, read.Site.url], [true, "https://example.com/a?b=c"]);
  assert.deepEqual([read.Mail.email, read.Phone.phone_number], ["someone@example.com", "+49 30 123456"]);
  assert.deepEqual([read.Contact.relation, read.Contact.has_more], [[{ id: contact.id }], false]);
  assert.equal(read.Made.created_time, page.created_time);
  assert.equal(read.Maker.created_by.id, bot.id);
  assert.deepEqual([read.Number.unique_id.prefix, typeof read.Number.unique_id.number], ["F", "number"]);
});

await check("pages: update clears what is cleared, by name and by id, and leaves the rest", async () => {
  const cleared = await notion.pages.update({
    page_id: page.id,
    properties: {
      Amount: { number: null },
      [page.properties.Stage.id]: { select: null },
      Tags: { multi_select: [] },
      Due: { date: null },
      Owner: { people: [] },
      Papers: { files: [] },
      Active: { checkbox: false },
      Site: { url: null },
      Mail: { email: null },
      Phone: { phone_number: null },
      Contact: { relation: [] },
      Notes: { rich_text: [] },
      Progress: { status: null },
    },
  });
  const empty = cleared.properties;
  assert.deepEqual(
    [empty.Amount.number, empty.Stage.select, empty.Due.date, empty.Site.url, empty.Mail.email, empty.Phone.phone_number],
    [null, null, null, null, null, null],
  );
  assert.deepEqual(
    [empty.Tags.multi_select, empty.Owner.people, empty.Papers.files, empty.Contact.relation, empty.Notes.rich_text],
    [[], [], [], [], []],
  );
  assert.deepEqual([empty.Active.checkbox, empty.Progress.status.name], [false, "Not started"]);
  assert.equal(plain(empty.Name.title), "Ein Test");
});

await check("pages: filter_properties narrows, lock and cover are kept", async () => {
  const narrow = await notion.pages.retrieve({ page_id: page.id, filter_properties: ["title", page.properties.Amount.id] });
  assert.deepEqual(Object.keys(narrow.properties).sort(), ["Amount", "Name"]);
  const locked = await notion.pages.update({
    page_id: page.id,
    is_locked: true,
    cover: { type: "external", external: { url: "https://example.com/cover.png" } },
  });
  assert.deepEqual([locked.is_locked, locked.cover.external.url], [true, "https://example.com/cover.png"]);
});

await check("pages: into the trash and out of it, also by blocks.delete", async () => {
  const gone = await notion.pages.update({ page_id: page.id, in_trash: true });
  assert.deepEqual([gone.in_trash, gone.archived], [true, undefined]);
  let rows = await notion.dataSources.query({ data_source_id: table });
  assert.deepEqual(rows.results, []);
  rows = await notion.dataSources.query({ data_source_id: table, in_trash: true });
  assert.deepEqual(rows.results.map(row => row.id), [page.id]);
  const refused = await refusal(() => impatient.pages.update({ page_id: page.id, properties: { Amount: { number: 1 } } }));
  assert.equal(refused.code, APIErrorCode.ValidationError);
  const back = await notion.pages.update({ page_id: page.id, in_trash: false });
  assert.equal(back.in_trash, false);
  const block = await notion.blocks.delete({ block_id: page.id });
  assert.deepEqual([block.type, block.in_trash, isFullBlock(block)], ["child_page", true, true]);
  await notion.pages.update({ page_id: page.id, in_trash: false });
});

await check("pages: move into another data source and back", async () => {
  const second = (await notion.databases.retrieve({ database_id: database.id })).data_sources[1].id;
  twin = await notion.pages.create({
    parent: { type: "data_source_id", data_source_id: table },
    properties: { Name: { title: text("Twin") } },
  });
  const moved = await notion.pages.move({
    page_id: twin.id,
    parent: { type: "data_source_id", data_source_id: second },
  });
  assert.equal(moved.parent?.data_source_id ?? (await notion.pages.retrieve({ page_id: twin.id })).parent.data_source_id, second);
  await notion.pages.move({ page_id: twin.id, parent: { type: "data_source_id", data_source_id: table } });
  assert.equal((await notion.pages.retrieve({ page_id: twin.id })).parent.data_source_id, table);
});

await check("pages.properties: one value, and a long relation page by page", async () => {
  const one = await notion.pages.properties.retrieve({ page_id: page.id, property_id: page.properties.Active.id });
  assert.deepEqual([one.object, one.type, one.checkbox], ["property_item", "checkbox", false]);
  const related = [];
  for (let i = 0; i < 30; i += 1) {
    const { page: made } = await admin("create", { data_source: contacts, set: { Name: `Friend ${i}` }, as: "Anna Weber" });
    related.push(made);
  }
  const wide = await notion.pages.update({
    page_id: page.id,
    properties: { Contact: { relation: related.map(id => ({ id })) } },
  });
  assert.deepEqual([wide.properties.Contact.relation.length, wide.properties.Contact.has_more], [25, true]);
  const property_id = wide.properties.Contact.id;
  const first = await notion.pages.properties.retrieve({ page_id: page.id, property_id, page_size: 20 });
  assert.deepEqual([first.object, first.type, first.property_item.type], ["list", "property_item", "relation"]);
  assert.ok(first.property_item.next_url.includes(first.next_cursor));
  const all = await collectPaginatedAPI(notion.pages.properties.retrieve, { page_id: page.id, property_id, page_size: 7 });
  assert.deepEqual(all.map(item => item.relation.id), related);
  const title = await notion.pages.properties.retrieve({ page_id: page.id, property_id: "title" });
  assert.deepEqual(title.results.map(item => item.title.plain_text), ["Ein ", "Test"]);
});

await check("dataSources.query: filters of every kind, nested, and by timestamp", async () => {
  const ids = async filter =>
    (await notion.dataSources.query({ data_source_id: table, filter })).results.map(row => row.id);
  await notion.pages.update({
    page_id: twin.id,
    properties: { ...values(people[1].id, (await notion.dataSources.query({ data_source_id: contacts, page_size: 1 })).results[0].id), Name: { title: text("Twin") } },
  });
  const hits = {
    title: { property: "Name", title: { starts_with: "Tw" } },
    "rich text": { property: "Notes", rich_text: { equals: "bold" } },
    number: { property: "Amount", number: { greater_than_or_equal_to: 1234.5 } },
    select: { property: "Stage", select: { equals: "Won" } },
    "multi-select": { property: "Tags", multi_select: { contains: "made up" } },
    status: { property: "Progress", status: { does_not_equal: "Not started" } },
    date: { property: "Due", date: { on_or_after: "2026-07-25" } },
    people: { property: "Owner", people: { contains: people[1].id } },
    files: { property: "Papers", files: { is_not_empty: true } },
    checkbox: { property: "Active", checkbox: { equals: true } },
    url: { property: "Site", url: { contains: "example" } },
    email: { property: "Mail", email: { ends_with: "example.com" } },
    phone: { property: "Phone", phone_number: { is_not_empty: true } },
    "a property by id": { property: page.properties.Amount.id, number: { is_not_empty: true } },
    or: { or: [{ property: "Amount", number: { equals: 1 } }, { property: "Stage", select: { equals: "Won" } }] },
    nested: {
      and: [
        { timestamp: "created_time", created_time: { past_week: {} } },
        { or: [{ property: "Name", title: { equals: "Twin" } }, { property: "Name", title: { equals: "x" } }] },
      ],
    },
    "unique id": { property: "Number", unique_id: { greater_than: page.properties.Number.unique_id.number } },
  };
  for (const [kind, filter] of Object.entries(hits)) assert.deepEqual(await ids(filter), [twin.id], kind);
  assert.deepEqual(await ids({ property: "Contact", relation: { is_empty: true } }), []);
  const since = { timestamp: "last_edited_time", last_edited_time: { on_or_after: page.created_time } };
  assert.deepEqual((await ids(since)).sort(), [page.id, twin.id].sort());
});

await check("dataSources.query: sorts by properties and timestamps, and narrow rows", async () => {
  const names = async sorts =>
    (await notion.dataSources.query({ data_source_id: table, sorts, filter_properties: ["title"] })).results.map(row => {
      assert.deepEqual(Object.keys(row.properties), ["Name"]);
      return plain(row.properties.Name.title);
    });
  assert.deepEqual(await names([{ property: "Name", direction: "ascending" }]), ["Ein Test", "Twin"]);
  assert.deepEqual(await names([{ property: "Name", direction: "descending" }]), ["Twin", "Ein Test"]);
  assert.deepEqual(await names([{ property: "Amount", direction: "ascending" }]), ["Twin", "Ein Test"]);
  const stamps = [{ timestamp: "created_time", direction: "descending" }, { property: "Number", direction: "descending" }];
  assert.deepEqual(await names(stamps), ["Twin", "Ein Test"]);
});

await check("pagination helpers see every row once, also when pages come short and when the result limit cuts", async () => {
  const live = (await admin("world")).pages.filter(row => row.data_source === contacts && !row.in_trash).map(row => row.id);
  const query = { data_source_id: contacts, page_size: 9 };
  const once = rows => assert.deepEqual(rows.map(row => row.id).sort(), [...live].sort());
  once(await collectPaginatedAPI(notion.dataSources.query, query));
  await admin("short_pages", { on: true });
  once(await collectPaginatedAPI(notion.dataSources.query, query));
  await admin("short_pages", { on: false });
  await admin("result_cap", { rows: live.length - 3 });
  const cut = await collectPaginatedAPI(notion.dataSources.query, query);
  assert.equal(cut.length, live.length - 3);
  const rows = await collectAllDataSourceRows(notion, { data_source_id: contacts, page_size: 9 });
  assert.ok(rows.every(isFullPageOrDataSource));
  once(rows);
  await admin("result_cap", { rows: 10_000 });
});

await check("a cursor of an expired session is a validation_error", async () => {
  const first = await notion.dataSources.query({ data_source_id: contacts, page_size: 5 });
  assert.match(first.next_cursor, /^s:[0-9a-f-]{36}:[0-9a-f-]{36}$/);
  await admin("expire_cursors", {});
  const late = { data_source_id: contacts, page_size: 5, start_cursor: first.next_cursor };
  assert.equal((await refusal(() => impatient.dataSources.query(late))).code, APIErrorCode.ValidationError);
});

await check("blocks: append at the end, at the start, after a block; list, retrieve, update, delete", async () => {
  const paragraph = content => ({ type: "paragraph", paragraph: { rich_text: text(content) } });
  const said = async () =>
    (await collectPaginatedAPI(notion.blocks.children.list, { block_id: page.id, page_size: 2 })).map(block =>
      plain(block.paragraph.rich_text),
    );
  assert.deepEqual(await said(), ["first"]);
  const { results } = await notion.blocks.children.append({ block_id: page.id, children: [paragraph("last")] });
  assert.ok(results.every(isFullBlock));
  await notion.blocks.children.append({ block_id: page.id, children: [paragraph("zeroth")], position: { type: "start" } });
  await notion.blocks.children.append({
    block_id: page.id,
    children: [{ type: "paragraph", paragraph: { rich_text: text("late"), children: [paragraph("inside")] } }],
    position: { type: "after_block", after_block: { id: results[0].id } },
  });
  assert.deepEqual(await said(), ["zeroth", "first", "last", "late"]);
  const changed = await notion.blocks.update({ block_id: results[0].id, paragraph: { rich_text: text("changed") } });
  assert.equal(plain(changed.paragraph.rich_text), "changed");
  assert.equal(plain((await notion.blocks.retrieve({ block_id: results[0].id })).paragraph.rich_text), "changed");
  assert.equal((await notion.blocks.delete({ block_id: results[0].id })).in_trash, true);
  assert.deepEqual(await said(), ["zeroth", "first", "late"]);
  assert.equal((await notion.blocks.retrieve({ block_id: page.id })).type, "child_page");
});

await check("search: by title, by kind, page by page", async () => {
  const sources = await collectPaginatedAPI(notion.search, {
    filter: { property: "object", value: "data_source" },
    sort: { timestamp: "last_edited_time", direction: "descending" },
    page_size: 1,
  });
  assert.ok(sources.length >= 4 && sources.every(isFullDataSource));
  const hits = await notion.search({ query: "contacts", filter: { property: "object", value: "data_source" } });
  assert.deepEqual(hits.results.map(source => source.id), [contacts]);
});

const refused = async (status, code, call) => {
  const error = await refusal(call);
  assert.ok(isNotionClientError(error) && isHTTPResponseError(error) && APIResponseError.isAPIResponseError(error));
  assert.deepEqual([error.status, error.code], [status, code], error.message);
  const body = JSON.parse(error.body);
  assert.deepEqual([body.object, body.status, body.request_id], ["error", status, error.request_id]);
  assert.equal(error.headers.get("x-notion-request-id"), error.request_id);
  return error;
};

await check("errors that a caller makes have Notion's codes", async () => {
  const row = properties => () => impatient.pages.update({ page_id: page.id, properties });
  const missing = await refused(404, APIErrorCode.ObjectNotFound, () => impatient.pages.retrieve({ page_id: nobody }));
  assert.equal(missing.additional_data.integration_id, bot.id);
  await refused(404, APIErrorCode.ObjectNotFound, () => impatient.users.retrieve({ user_id: nobody }));
  await refused(404, APIErrorCode.ObjectNotFound, () => impatient.dataSources.query({ data_source_id: nobody }));
  await refused(404, APIErrorCode.ObjectNotFound, () => impatient.blocks.children.list({ block_id: nobody }));
  await refused(400, APIErrorCode.ValidationError, () => impatient.pages.retrieve({ page_id: "not-an-id" }));
  await refused(400, APIErrorCode.ValidationError, row({ Nowhere: { number: 1 } }));
  await refused(400, APIErrorCode.ValidationError, row({ Amount: { number: "1" } }));
  await refused(400, APIErrorCode.ValidationError, row({ Progress: { status: { name: "Never seen" } } }));
  await refused(400, APIErrorCode.ValidationError, row({ Made: { created_time: page.created_time } }));
  await refused(400, APIErrorCode.ValidationError, row({ Notes: { rich_text: text("x".repeat(2001)) } }));
  await refused(400, APIErrorCode.InvalidRequestURL, () => impatient.request({ path: "nowhere", method: "get" }));
  await refused(401, APIErrorCode.Unauthorized, () => make({ auth: "ntn_wrong", retry: false }).users.me({}));
  await admin("unshare", { id: page.id });
  await refused(404, APIErrorCode.ObjectNotFound, () => impatient.pages.retrieve({ page_id: page.id }));
  await admin("share", { id: page.id });
});

await check("errors that nobody made have Notion's codes, and a page of the edge is no API error", async () => {
  const order = (code, retry_after) => admin("refuse", { code, ...(retry_after && { retry_after }) });
  for (const [status, code] of [
    [403, APIErrorCode.RestrictedResource],
    [409, APIErrorCode.ConflictError],
    [500, APIErrorCode.InternalServerError],
    [503, APIErrorCode.ServiceUnavailable],
    [504, APIErrorCode.GatewayTimeout],
    [529, APIErrorCode.ServiceOverload],
  ]) {
    await order(code);
    await refused(status, code, () => impatient.users.me({}));
  }
  await order("rate_limited", 7);
  const limited = await refused(429, APIErrorCode.RateLimited, () => impatient.users.me({}));
  assert.deepEqual([limited.headers.get("retry-after"), limited.additional_data.retry_after], ["7", "7"]);
  await order("bad_gateway");
  const unknown = await refusal(() => impatient.users.me({}));
  assert.ok(UnknownHTTPResponseError.isUnknownHTTPResponseError(unknown));
  assert.deepEqual([unknown.code, unknown.status], [ClientErrorCode.ResponseError, 502]);
});

await check("429 is waited for as Retry-After says and tried again, a write too", async () => {
  const requests = async () => (await admin("world")).counters.requests;
  const before = await requests();
  await admin("refuse", { code: "rate_limited", times: 2, retry_after: 1 });
  const began = performance.now();
  const written = await notion.pages.update({ page_id: page.id, properties: { Amount: { number: 42 } } });
  assert.equal(written.properties.Amount.number, 42);
  assert.ok(performance.now() - began >= 1990, `it waited ${performance.now() - began} ms for two Retry-After of 1 s`);
  assert.equal((await requests()) - before, 3);
  const quick = make({ retry: { initialRetryDelayMs: 1, maxRetryDelayMs: 5 } });
  await admin("refuse", { code: "service_overload", times: 2, retry_after: 30 });
  assert.equal((await quick.users.me({})).id, bot.id);
  await admin("refuse", { code: "rate_limited", times: 3, retry_after: 30 });
  assert.equal((await refusal(() => quick.users.me({}))).code, APIErrorCode.RateLimited);
  assert.equal((await requests()) - before, 9);
});

await check("500 and 503 are tried again for reads and not for writes; what a lost answer saved is named", async () => {
  const quick = make({ retry: { initialRetryDelayMs: 1, maxRetryDelayMs: 5 } });
  await admin("refuse", { code: "internal_server_error", times: 2 });
  assert.equal((await quick.users.me({})).id, bot.id);
  await admin("lose_answers", {});
  const create = { parent: { type: "data_source_id", data_source_id: table }, properties: { Name: { title: text("Lost") } } };
  const lost = await refused(503, APIErrorCode.ServiceUnavailable, () => quick.pages.create(create));
  const saved = await quick.pages.retrieve({ page_id: lost.additional_data.committed_resource_id });
  assert.equal(plain(saved.properties.Name.title), "Lost");
  await notion.pages.update({ page_id: saved.id, in_trash: true });
});

await check("version 2025-09-03, the client's default, shows archived beside in_trash", async () => {
  const older = make({ notionVersion: undefined });
  const shown = await older.pages.update({ page_id: twin.id, archived: true });
  assert.deepEqual([shown.archived, shown.in_trash], [true, true]);
  const back = await older.pages.update({ page_id: twin.id, in_trash: false });
  assert.deepEqual([back.archived, back.in_trash], [false, false]);
});

await check("what people edit is what the client reads, with the person's name on it", async () => {
  await admin("edit", { page: twin.id, set: { Amount: 7, Stage: "New" }, as: "Boris Klein" });
  const seen = await notion.pages.retrieve({ page_id: twin.id });
  assert.deepEqual([seen.properties.Amount.number, seen.properties.Stage.select.name], [7, "New"]);
  const boris = people.find(user => user.name === "Boris Klein");
  assert.equal(seen.last_edited_by.id, boris.id);
});

if (process.argv[3]) {
  await check("the standard plan's limit is met within its budget of 180, with a wait of at most a minute", async () => {
    const small = JSON.parse(process.argv[3]);
    const busy = make({ auth: small.token, baseUrl: small.base_url, retry: false });
    let error;
    for (let asked = 0; asked < 361 && error === undefined; asked += 1) {
      error = await busy.users.me({}).then(() => undefined, refused => refused);
    }
    assert.equal(error?.code, APIErrorCode.RateLimited);
    const wait = Number(error.headers.get("retry-after"));
    assert.ok(Number.isInteger(wait) && wait >= 1 && wait <= 60, `Retry-After was ${error.headers.get("retry-after")}`);
    assert.equal(error.additional_data.rate_limit_reason, "public_api_request_rate_limit");
  });
}

done("@notionhq/client");
