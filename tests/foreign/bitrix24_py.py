"""Bitrix24's own Python client, `b24pysdk`, against the pretend Bitrix24."""

import json
import os
import sys
import time

from b24pysdk import Client
from b24pysdk.credentials import BitrixApp, BitrixToken, BitrixWebhook
from b24pysdk.errors import (
    BitrixAPIBadRequest,
    BitrixAPIError,
    BitrixAPIInvalidCredentials,
    BitrixAPINotFound,
    BitrixAPIOperationTimeLimit,
    BitrixAPIOverloadLimit,
    BitrixAPIQueryLimitExceeded,
    BitrixAPIWrongAuthType,
    BitrixRequestError,
)
from b24pysdk.errors.oauth import BitrixOAuthInvalidClient, BitrixOAuthInvalidGrant

from check import back_door, check, done, holds, refusal, same

hello = json.loads(sys.argv[1])
admin = back_door(hello["base_url"])
domain = os.environ["CROSSTIE_PORTAL"]
webhook = "/".join(hello["webhook"].rstrip("/").rsplit("/", 2)[1:])
portal = Client(BitrixWebhook(domain=domain, webhook_token=webhook))
crm = portal.crm
DEAL, CONTACT, COMPANY = 2, 3, 4


def items(response):
    return response.result["items"]


def counted(entity):
    return len(admin("world")["items"][entity])


with check("the edge lets nobody through to another host"):
    refusal(BitrixRequestError, Client(BitrixWebhook(domain="example.com", webhook_token=webhook)).profile().call)

with check("profile, scope, server.time, user.get and user.current"):
    me = portal.profile().result
    same(str(me.bitrix_id if hasattr(me, "bitrix_id") else me["ID"]), "1")
    users = portal.user.get(filter={"ACTIVE": True}).response
    same([user["EMAIL"] for user in users.result], [user["email"] for user in admin("world")["users"]])
    anna = portal.user.get(filter={"EMAIL": "anna@example.com"}).result[0]
    same((anna["NAME"], anna["LAST_NAME"], anna["ACTIVE"]), ("Anna", "Weber", True))
    same(portal.user.current().result["EMAIL"], "integration@example.com")

with check("dictionaries: crm.status.list, crm.category.list, crm.currency.list"):
    stages = crm.status.list(filter={"ENTITY_ID": "DEAL_STAGE"}).result
    same([stage["STATUS_ID"] for stage in stages], [stage["id"] for stage in admin("world")["stages"][0]["stages"]])
    same(crm.category.list(entity_type_id=DEAL).result["categories"][0]["isDefault"], "Y")
    holds(any(currency["BASE"] == "Y" for currency in crm.currency.list().result), "a base currency")

with check("crm.item.fields and crm.item.add, get, update, list, delete"):
    fields = crm.item.fields(DEAL, use_original_uf_names=True).result
    fields = fields if isinstance(fields, dict) and "fields" not in fields else fields["fields"]
    holds({"id", "title", "stageId", "contactIds", "UF_CRM_PRIORITY"} <= set(fields), "the fields of a deal")
    made = crm.item.add(
        DEAL,
        {
            "title": "Bought by Python",
            "opportunity": 1234.56,
            "currencyId": "EUR",
            "isManualOpportunity": "Y",
            "assignedById": int(anna["ID"]),
            "originatorId": "foreign",
            "originId": "1",
            "UF_CRM_PROJECT_CODE": "P-1",
        },
        use_original_uf_names=True,
    ).result["item"]
    deal = made["id"]
    same((made["title"], made["opportunity"], made["assignedById"]), ("Bought by Python", 1234.56, int(anna["ID"])))
    same((made["stageId"], made["UF_CRM_PROJECT_CODE"], made["createdBy"]), ("NEW", "P-1", 1))
    read = crm.item.get(DEAL, deal, use_original_uf_names=True).result["item"]
    same(read, made)
    changed = crm.item.update(DEAL, deal, {"stageId": "WON", "title": "Sold"}).result["item"]
    same((changed["stageId"], changed["title"], changed["opportunity"]), ("WON", "Sold", 1234.56))
    found = crm.item.list(
        DEAL,
        select=["id", "title"],
        filter={"=originatorId": "foreign", "@stageId": ["WON", "NEW"], ">opportunity": 1000},
        order={"id": "DESC"},
    ).response
    same(([(row["id"], row["title"]) for row in items(found)], found.total), ([(deal, "Sold")], 1))
    spare = crm.item.add(DEAL, {"title": "Spare"}).result["item"]["id"]
    same(crm.item.delete(DEAL, spare).result, [])
    gone = refusal(BitrixAPIError, crm.item.get(DEAL, spare).call)
    same((gone.response.status_code, gone.json_response["error"]), (400, "NOT_FOUND"))

with check("tasks: get_fields, add, get, list, update, delete, with what they are bound to"):
    tasks = portal.tasks.task
    told = tasks.get_fields().result["fields"]
    holds(told["TITLE"]["required"] and "5" in told["STATUS"]["values"], "the fields of a task")
    made = tasks.add({"TITLE": "Write back", "RESPONSIBLE_ID": 1, "UF_CRM_TASK": [f"D_{deal}"]}).result["task"]
    task = int(made["id"])
    same((made["title"], made["responsibleId"], made["status"]), ("Write back", "1", "2"))
    got = tasks.get(task, select=["ID", "TITLE", "UF_CRM_TASK"]).result["task"]
    same((got["title"], got["ufCrmTask"]), ("Write back", [f"D_{deal}"]))
    same(tasks.update(task, {"STATUS": 3}).result["task"]["status"], "3")
    found = tasks.list(filter={"TITLE": "Write back", ">ID": task - 1}, select=["ID", "STATUS"], order={"ID": "asc"})
    same([(row["id"], row["status"]) for row in found.result["tasks"]], [(str(task), "3")])
    refusal(BitrixAPIError, tasks.add({"RESPONSIBLE_ID": 1}).call)
    holds(tasks.delete(task).result, "a task that is deleted")
    same(tasks.get(task).result, [])

with check("a lead: crm.lead.add, get, list, update, delete, and as crm.item"):
    lead = crm.lead.add({"TITLE": "Asked by mail", "NAME": "Grace"}).result
    got = crm.lead.get(lead).result
    same((got["ID"], got["TITLE"], got["STATUS_ID"]), (str(lead), "Asked by mail", "NEW"))
    same(crm.lead.update(lead, {"STATUS_ID": "IN_PROCESS"}).result, True)
    same(crm.item.get(1, lead).result["item"]["stageId"], "IN_PROCESS")
    rows = crm.lead.list(filter={"TITLE": "Asked by mail"}, select=["ID", "STATUS_ID"]).result
    same([(row["ID"], row["STATUS_ID"]) for row in rows], [(str(lead), "IN_PROCESS")])
    same(crm.lead.delete(lead).result, True)
    refusal(BitrixAPIBadRequest, crm.lead.get(lead).call)

with check("crm.contact.* and crm.company.*: phones and e-mail addresses by their own ids"):
    contact = crm.contact.add(
        {
            "NAME": "Zoë",
            "LAST_NAME": "Ångström",
            "PHONE": [{"VALUE": "+49 30 1", "VALUE_TYPE": "WORK"}, {"VALUE": "+49 30 2", "VALUE_TYPE": "HOME"}],
            "EMAIL": [{"VALUE": "zoe@example.com", "VALUE_TYPE": "WORK"}],
        }
    ).result
    holds(isinstance(contact, int), "an id that is a number")
    got = crm.contact.get(contact).result
    same((got["ID"], got["NAME"], got["LAST_NAME"], got["HAS_PHONE"]), (str(contact), "Zoë", "Ångström", "Y"))
    same([phone["VALUE"] for phone in got["PHONE"]], ["+49 30 1", "+49 30 2"])
    first, second = (phone["ID"] for phone in got["PHONE"])
    changes = {"PHONE": [{"ID": first, "VALUE": "+49 30 3"}, {"ID": second, "DELETE": "Y"}, {"VALUE": "+49 30 4", "VALUE_TYPE": "MOBILE"}]}
    same(crm.contact.update(contact, changes).result, True)
    phones = crm.contact.get(contact).result["PHONE"]
    same([(phone["VALUE"], phone["VALUE_TYPE"]) for phone in phones], [("+49 30 3", "WORK"), ("+49 30 4", "MOBILE")])
    listed = crm.contact.list(select=["ID", "EMAIL"], filter={"EMAIL": "zoe@example.com"}).result
    same([(row["ID"], row["EMAIL"][0]["VALUE"]) for row in listed], [(str(contact), "zoe@example.com")])
    twins = crm.duplicate.findbycomm(type="EMAIL", values=["ZOE@example.com"], entity_type="CONTACT").result
    same(twins if isinstance(twins, dict) else twins.__dict__, {"CONTACT": [contact]})
    company = crm.company.add({"TITLE": "Ångström AB"}).result
    same(crm.company.get(company).result["TITLE"], "Ångström AB")

with check("crm.deal.*: upper-case names, texts for everything, empty values clear"):
    older = crm.deal.add({"TITLE": "Older", "OPPORTUNITY": 99.5, "COMPANY_ID": company, "COMMENTS": "x"}).result
    got = crm.deal.get(older).result
    same((got["OPPORTUNITY"], got["COMPANY_ID"], got["CLOSED"]), ("99.50", str(company), "N"))
    same(crm.deal.update(older, {"COMPANY_ID": "", "COMMENTS": ""}).result, True)
    got = crm.deal.get(older).result
    same((got["COMPANY_ID"], got["COMMENTS"], got["TITLE"]), ("0", "", "Older"))
    holds("UF_CRM_PRIORITY" in crm.deal.fields().result, "a user field among the fields")
    user_fields = crm.deal.userfield.list(filter={"FIELD_NAME": "UF_CRM_PRIORITY"}).result
    same([option["VALUE"] for option in user_fields[0]["LIST"]], ["Low", "Normal", "High"])

with check("deal-contact links: add, set, get, delete"):
    other = crm.contact.add({"NAME": "Other"}).result
    link = crm.deal.contact
    same(link.add(older, {"CONTACT_ID": contact}).result, True)
    same(link.add(older, {"CONTACT_ID": contact}).result, False, "a link that is there already")
    same(link.items.set(older, [{"CONTACT_ID": other, "SORT": 20}, {"CONTACT_ID": contact, "IS_PRIMARY": "Y", "SORT": 30}]).result, True)
    rows = link.items.get(older).result
    same([(row["CONTACT_ID"], row["IS_PRIMARY"]) for row in rows], [(other, "N"), (contact, "Y")])
    same(crm.item.get(DEAL, older).result["item"]["contactId"], contact)
    same(link.delete(older, {"CONTACT_ID": other}).result, True)
    same([row["CONTACT_ID"] for row in link.items.get(older).result], [contact])
    same(link.items.delete(older).result, True)
    same(link.items.get(older).result, [])

with check("batch: commands by name, results inside results, errors beside them, and what a halt leaves out"):
    batch = portal.call_batch(
        {
            "who": portal.user.current(),
            "none": crm.deal.get(10**6),
            "deal": crm.item.get(DEAL, deal),
            "list": crm.contact.list(select=["ID"]),
        }
    ).result
    same(sorted(batch.result), ["deal", "list", "who"])
    same((batch.result["deal"]["item"]["id"], list(batch.result_error)), (deal, ["none"]))
    same(batch.result_error["none"]["error_description"], "Not found")
    same(batch.result_total["list"], counted("contact"))
    holds(batch.result_time["deal"].operating is not None, "the operating time of a command")
    chained = portal._bitrix_token.call_batch(
        {"made": ("crm.deal.add", {"fields": {"TITLE": "Chained"}}), "got": ("crm.deal.get", {"id": "$result[made]"})}
    )
    same(chained["result"]["result"]["got"]["TITLE"], "Chained")
    halted = portal.call_batch([crm.deal.get(10**6), portal.user.current()], halt=True).result
    same((halted.result, len(halted.result_error)), ([], 1))

with check("a batch of fifty, and 120 commands in three batches"):
    fifty = portal.call_batch([crm.contact.add({"NAME": f"Guest {i}"}) for i in range(50)]).result
    same((len(set(fifty.result)), fifty.result_error), (50, []))
    many = portal.call_batches([crm.deal.add({"TITLE": f"Deal {i}"}) for i in range(120)]).result
    same(len(set(many.result.values() if isinstance(many.result, dict) else many.result)), 120)
    holds(not many.result_error, "no command failed")

with check("lists page by page and by the fast way give every row once"):
    for request, entity, key in (
        (lambda: crm.deal.list(select=["ID", "TITLE"]), "deal", "ID"),
        (lambda: crm.contact.list(select=["ID"]), "contact", "ID"),
        (lambda: crm.item.list(DEAL, select=["id", "title"]), "deal", "id"),
    ):
        expected = sorted(int(one) for one in admin("world")["items"][entity])
        for ask in ("as_list", "as_list_fast"):
            rows = list(getattr(request(), ask)().result)
            same(sorted(int(row[key]) for row in rows), expected, f"{entity} {ask}")
    down = [int(row["ID"]) for row in crm.deal.list(select=["ID"]).as_list_fast(descending=True).result]
    same(down, sorted(down, reverse=True))
    same(len(list(crm.deal.list(select=["ID"]).as_list(limit=60).result)), 60)

with check("errors have the client's own classes"):
    refusal(BitrixAPIBadRequest, crm.deal.get(10**6).call)
    wrong = Client(BitrixWebhook(domain=domain, webhook_token="1/wrong"))
    refusal(BitrixAPIInvalidCredentials, wrong.profile().call)
    refusal(BitrixAPINotFound, portal._bitrix_token.call_method, "crm.nothing.list")
    bad = refusal(BitrixAPIError, crm.item.list(DEAL, filter={"OPPORTUNITY": 1}).call)
    same(bad.json_response["error"], "INVALID_ARG_VALUE")
    for code, kind in (("OPERATION_TIME_LIMIT", BitrixAPIOperationTimeLimit), ("OVERLOAD_LIMIT", BitrixAPIOverloadLimit)):
        admin("refuse", {"code": code, "times": 3})
        refusal(kind, portal._bitrix_token.call_method, "profile", initial_retry_delay=0.01)
        for _ in range(3 if code == "OPERATION_TIME_LIMIT" else 1):
            try:
                portal._bitrix_token.call_method("profile", initial_retry_delay=0.01)
            except kind:
                pass

with check("QUERY_LIMIT_EXCEEDED is tried again, and told when it lasts"):
    before = admin("world")["counters"]["requests"]
    admin("refuse", {"code": "QUERY_LIMIT_EXCEEDED", "times": 2})
    began = time.monotonic()
    same(portal._bitrix_token.call_method("user.current", initial_retry_delay=0.2)["result"]["ID"], "1")
    holds(time.monotonic() - began >= 0.4, "two waits of 0.2 s or more")
    same(admin("world")["counters"]["requests"] - before, 3)
    admin("refuse", {"code": "QUERY_LIMIT_EXCEEDED", "times": 2})
    refusal(BitrixAPIQueryLimitExceeded, portal._bitrix_token.call_method, "profile", max_retries=2, initial_retry_delay=0.01)

with check("the bucket of the standard plan runs over above 50 requests and drains 2 a second"):
    token, refused = portal._bitrix_token, None
    for _ in range(400):
        try:
            token.call_method("server.time", max_retries=1)
        except BitrixAPIQueryLimitExceeded as error:
            refused = error
            break
    holds(refused is not None, "a refusal among 400 requests in a row")
    same((refused.response.status_code, refused.json_response["error"]), (503, "QUERY_LIMIT_EXCEEDED"))
    holds(admin("world")["counters"]["over_rate"] > 0, "a refusal that the portal counted")
    time.sleep(1.1)
    holds("result" in token.call_method("server.time", max_retries=1), "an answer a second later")

with check("what people do at the screen is what the client reads"):
    admin("edit", {"entity": "deal", "id": str(deal), "set": {"TITLE": "By Boris"}, "as": "Boris Klein"})
    got = crm.item.get(DEAL, deal).result["item"]
    boris = next(user for user in admin("world")["users"] if user["name"] == "Boris Klein")
    same((got["title"], str(got["updatedBy"])), ("By Boris", boris["id"]))

def application():
    granted = admin("install", {})
    app = BitrixApp(client_id=granted["client_id"], client_secret=granted["client_secret"])
    token = BitrixToken(
        domain=domain,
        auth_token=granted["access_token"],
        refresh_token=granted["refresh_token"],
        bitrix_app=app,
    )
    return app, token


with check("an application: a code is exchanged, an expired token renewed on the way, a used one refused"):
    app, token = application()
    client = Client(token)
    same(client.user.current().result["ID"], "1")
    before = (token.auth_token, token.refresh_token)
    admin("expire_tokens", {})
    same(client.crm.item.get(DEAL, deal).result["item"]["title"], "By Boris")
    holds(token.auth_token != before[0] and token.refresh_token != before[1], "a new pair of tokens")
    holds(token.expires is not None and token.expires_in == 3600, "a known end of an hour's life")
    refusal(BitrixOAuthInvalidGrant, app.refresh_oauth_token, before[1])
    renewed = app.get_oauth_token(admin("authorize", {})["code"])
    same((renewed.portal_domain, renewed.user_id, renewed.scope), (domain, 1, ["crm", "task", "user"]))
    same(Client(BitrixToken.from_oauth(renewed, app)).user.current().result["ID"], "1")
    refusal(BitrixOAuthInvalidGrant, app.get_oauth_token, "made up")
    stranger = BitrixApp(client_id=app.client_id, client_secret="guessed")
    refusal(BitrixOAuthInvalidClient, stranger.refresh_oauth_token, renewed.oauth_token.refresh_token)

with check("offline events: bound by the application, reserved, cleared; own writes with the connector stay out"):
    app, token = application()
    client = Client(token)
    event, crosstie = client.event, {"auth_connector": "crosstie"}
    same(client.feature.get(code="rest_auth_connector").result["value"], "Y")
    for name in ("ONCRMDEALUPDATE", "ONCRMDEALADD"):
        same(event.bind(name, event_type="offline", **crosstie).result, True)
    same(sorted(row["event"] for row in event.get().result), ["ONCRMDEALADD", "ONCRMDEALUPDATE"])
    refusal(BitrixAPIWrongAuthType, portal.event.get().call)
    own = {"entityTypeId": DEAL, "fields": {"title": "Own"}, **crosstie}
    token.call_method("crm.item.add", own)
    admin("edit", {"entity": "deal", "id": str(deal), "set": {"TITLE": "Seen"}, "as": "Anna Weber"})
    admin("edit", {"entity": "deal", "id": str(deal), "set": {"TITLE": "Seen again"}, "as": "Anna Weber"})
    queue = event.offline.list(**crosstie).result
    same([(row["EVENT_NAME"], row["EVENT_DATA"]["FIELDS"]["ID"]) for row in queue], [("ONCRMDEALUPDATE", str(deal))])
    reserved = event.offline.get(clear=False, **crosstie).result
    same([row["MESSAGE_ID"] for row in reserved["events"]], [row["MESSAGE_ID"] for row in queue])
    same(event.offline.get(**crosstie).result["events"], [])
    again = event.offline.get(clear=False, process_id=reserved["process_id"], **crosstie).result
    same(again["events"], reserved["events"])
    same(event.offline.clear(reserved["process_id"], bitrix_id=[int(row["ID"]) for row in queue]).result, True)
    same(event.offline.list(**crosstie).result, [])
    same(event.unbind("ONCRMDEALADD", event_type="offline").result, {"count": 1})

done("b24pysdk")
