"""The community's Python client, `notion-client` (ramnes/notion-sdk-py), against the pretend Notion."""

import asyncio
import json
import logging
import sys
import time

from notion_client import APIErrorCode, APIResponseError, AsyncClient, Client
from notion_client.client import RetryOptions
from notion_client.errors import is_http_response_error, is_notion_client_error
from notion_client.helpers import (
    async_collect_paginated_api,
    async_iterate_paginated_api,
    collect_data_source_templates,
    collect_paginated_api,
    get_id,
    is_full_block,
    is_full_data_source,
    is_full_database,
    is_full_page,
    is_full_user,
    iterate_paginated_api,
)

from check import Unlike, back_door, check, done, holds, refusal, same

hello = json.loads(sys.argv[1])
admin = back_door(hello["base_url"])
options = {
    "auth": hello["token"],
    "base_url": hello["base_url"],
    "notion_version": "2026-03-11",
    "log_level": logging.CRITICAL,
}
notion = Client(**options)
impatient = Client(**options, retry=False)
projects, contacts = hello["data_sources"]["Projects"], hello["data_sources"]["Contacts"]
nobody = "0b5b0d1c-8f4e-4a8e-9f52-2d3f0c5f7a11"


def text(content):
    return [{"text": {"content": content}}]


def plain(rich):
    return "".join(part["plain_text"] for part in rich)


def refused(status, code, call, *args, **named):
    error = refusal(APIResponseError, call, *args, **named)
    holds(is_notion_client_error(error) and is_http_response_error(error), "an error of the client's own class")
    same((error.status, error.code), (status, code), str(error))
    same(error.headers["x-notion-request-id"], json.loads(error.body)["request_id"])
    return error


with check("users: me, retrieve, list, and all of them by iteration"):
    bot = notion.users.me()
    same(bot["type"], "bot")
    people = [user for user in iterate_paginated_api(notion.users.list, page_size=3)]
    same(len({user["id"] for user in people}), len(admin("world")["users"]))
    holds(all(is_full_user(user) for user in people), "every user is a full user")
    anna = next(user for user in people if user["name"] == "Anna Weber")
    same(notion.users.retrieve(anna["id"])["person"]["email"], anna["person"]["email"])

with check("data sources: retrieve, create in a database, update, templates"):
    source = notion.data_sources.retrieve(projects)
    holds(is_full_data_source(source), "a full data source")
    database = notion.databases.retrieve(source["parent"]["database_id"])
    holds(is_full_database(database), "a full database")
    same([one["id"] for one in database["data_sources"]], [projects])
    made = notion.data_sources.create(
        parent={"type": "database_id", "database_id": database["id"]},
        title=text("From Python"),
        properties={"Name": {"title": {}}, "Rank": {"number": {}}},
    )
    same(sorted(made["properties"]), ["Name", "Rank"])
    made = notion.data_sources.update(made["id"], properties={"Rank": {"name": "Place"}, "Done": {"checkbox": {}}})
    same(sorted(made["properties"]), ["Done", "Name", "Place"])
    same(collect_data_source_templates(notion.data_sources.list_templates, data_source_id=made["id"]), [])

with check("pages: create, retrieve, update, trash, restore"):
    guest = notion.pages.create(
        parent={"type": "data_source_id", "data_source_id": contacts},
        properties={
            "Name": {"title": text("Zoë Ångström")},
            "Email": {"email": "zoe@example.com"},
            "Phone": {"phone_number": "+49 40 1"},
            "CRM ID": {"rich_text": text("x-1")},
        },
    )
    page = notion.pages.create(
        parent={"type": "data_source_id", "data_source_id": projects},
        properties={
            "Name": {"title": text("Project")},
            "Amount": {"number": 0.1},
            "Deadline": {"date": {"start": "2026-12-24"}},
            "Responsible": {"people": [{"object": "user", "id": anna["id"]}]},
            "Contacts": {"relation": [{"id": guest["id"]}]},
            "Notes": {"rich_text": text("a") + text("b")},
        },
    )
    holds(is_full_page(page), "a full page")
    same(get_id(page["url"]), page["id"])
    shown = notion.pages.retrieve(page["id"])["properties"]
    same(shown["Amount"]["number"], 0.1)
    same(shown["Deadline"]["date"], {"start": "2026-12-24", "end": None, "time_zone": None})
    same([user["id"] for user in shown["Responsible"]["people"]], [anna["id"]])
    same(plain(shown["Notes"]["rich_text"]), "ab")
    other_end = notion.pages.retrieve(guest["id"])["properties"]
    same(other_end["Projects"]["relation"], [{"id": page["id"]}], "the dual relation's other end")
    same(plain(other_end["Name"]["title"]), "Zoë Ångström")
    changed = notion.pages.update(page["id"], properties={"Amount": {"number": None}, "Notes": {"rich_text": []}})
    same((changed["properties"]["Amount"]["number"], changed["properties"]["Notes"]["rich_text"]), (None, []))
    same(notion.pages.update(page["id"], in_trash=True)["in_trash"], True)
    same(notion.pages.update(page["id"], in_trash=False)["in_trash"], False)

with check("pages: one property at a time"):
    same(notion.pages.properties.retrieve(page["id"], page["properties"]["Amount"]["id"])["number"], None)
    item = notion.pages.properties.retrieve(page["id"], page["properties"]["Contacts"]["id"])
    same([one["relation"]["id"] for one in item["results"]], [guest["id"]])

with check("data sources: query with filter, sorts and narrow rows, page by page"):
    named = notion.data_sources.query(
        contacts,
        filter={"or": [{"property": "Email", "email": {"equals": "zoe@example.com"}}, {"property": "Name", "title": {"is_empty": True}}]},
        filter_properties=["title"],
    )
    same([(row["id"], list(row["properties"])) for row in named["results"]], [(guest["id"], ["Name"])])
    rows = collect_paginated_api(
        notion.data_sources.query,
        data_source_id=contacts,
        page_size=4,
        sorts=[{"property": "Name", "direction": "descending"}],
    )
    names = [plain(row["properties"]["Name"]["title"]).lower() for row in rows]
    same(names, sorted(names, reverse=True))
    same(len(rows), sum(1 for row in admin("world")["pages"] if row["data_source"] == contacts))

with check("blocks: append, list, update, delete"):
    added = notion.blocks.children.append(
        page["id"], children=[{"to_do": {"rich_text": text(str(i)), "checked": False}} for i in range(7)]
    )
    holds(all(is_full_block(block) for block in added["results"]), "full blocks")
    ticked = notion.blocks.update(added["results"][0]["id"], to_do={"checked": True})
    same((ticked["to_do"]["checked"], plain(ticked["to_do"]["rich_text"])), (True, "0"))
    notion.blocks.delete(added["results"][6]["id"])
    listed = collect_paginated_api(notion.blocks.children.list, block_id=page["id"], page_size=3)
    same([plain(block["to_do"]["rich_text"]) for block in listed], ["0", "1", "2", "3", "4", "5"])

with check("search: by kind"):
    found = notion.search(filter={"property": "object", "value": "data_source"})["results"]
    holds({projects, contacts} <= {one["id"] for one in found}, "both data sources are found")

with check("errors have Notion's codes"):
    missing = refused(404, APIErrorCode.ObjectNotFound, impatient.pages.retrieve, nobody)
    same(missing.additional_data["integration_id"], bot["id"])
    refused(404, APIErrorCode.ObjectNotFound, impatient.data_sources.retrieve, nobody)
    refused(400, APIErrorCode.ValidationError, impatient.pages.update, page["id"], properties={"Amount": {"number": "1"}})
    refused(400, APIErrorCode.ValidationError, impatient.users.list, page_size=101)
    refused(401, APIErrorCode.Unauthorized, Client(**{**options, "auth": "ntn_wrong"}, retry=False).users.me)
    refused(400, APIErrorCode.InvalidRequestURL, impatient.request, path="nowhere", method="GET")
    admin("refuse", {"code": "conflict_error"})
    refused(409, APIErrorCode.ConflictError, impatient.pages.update, page["id"], properties={})
    admin("refuse", {"code": "rate_limited", "retry_after": 9})
    same(refused(429, APIErrorCode.RateLimited, impatient.users.me).headers["retry-after"], "9")

with check("429 is waited for as Retry-After says and tried again; 503 only for reads"):
    before = admin("world")["counters"]["requests"]
    admin("refuse", {"code": "rate_limited", "retry_after": 1})
    began = time.monotonic()
    same(notion.pages.update(page["id"], properties={"Amount": {"number": 5}})["properties"]["Amount"]["number"], 5)
    holds(time.monotonic() - began >= 0.99, "a wait of a second")
    quick = Client(**options, retry=RetryOptions(initial_retry_delay_ms=1, max_retry_delay_ms=5))
    admin("refuse", {"code": "service_unavailable", "times": 2})
    same(quick.users.me()["id"], bot["id"])
    admin("refuse", {"code": "service_unavailable"})
    refused(503, APIErrorCode.ServiceUnavailable, quick.pages.update, page["id"], properties={})
    same(admin("world")["counters"]["requests"] - before, 6)

with check("the older version that the client speaks by default shows archived"):
    older = Client(**{name: value for name, value in options.items() if name != "notion_version"})
    shown = older.pages.retrieve(page["id"])
    same((shown["archived"], shown["in_trash"]), (False, False))


async def side_by_side():
    async with AsyncClient(**options) as client:
        me, source, *pages = await asyncio.gather(
            client.users.me(),
            client.data_sources.retrieve(projects),
            *(client.pages.retrieve(row["id"]) for row in rows),
        )
        same((me["id"], source["id"]), (bot["id"], projects))
        same([one["id"] for one in pages], [row["id"] for row in rows])
        collected = await async_collect_paginated_api(client.data_sources.query, data_source_id=contacts, page_size=3)
        same({row["id"] for row in collected}, {row["id"] for row in rows})
        iterated = [user async for user in async_iterate_paginated_api(client.users.list, page_size=1)]
        same({user["id"] for user in iterated}, {user["id"] for user in people})
        admin("refuse", {"code": "rate_limited", "times": 2, "retry_after": 1})
        answers = await asyncio.gather(*(client.users.me() for _ in range(6)))
        same({one["id"] for one in answers}, {bot["id"]})
        try:
            await client.pages.retrieve(nobody)
        except APIResponseError as error:
            same(error.code, APIErrorCode.ObjectNotFound)
        else:
            raise Unlike("expected: object_not_found; came: a page")


with check("the asynchronous client: many at once, its pagination helpers, its retries and errors"):
    asyncio.run(side_by_side())

done("notion-client")
