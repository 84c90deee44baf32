//! The bodies of pages: what is sent, what is read back, and that any template fits into requests.

use crosstie::mapping::Template;
use crosstie::model::{Block, BlockKind, BodyPart, RecordId, Span};
use crosstie::plan::body::{Step, go_on};
use crosstie::remote::{Lane, RemoteErrorKind, System, WriteError};
use crosstie::seam::{Method, Response};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use serde_json::{Value as Json, json};

use crate::office::{Fault, Office, office, office_with};

fn page(office: &Office) -> RecordId {
    office.add(&office.deals, &[("Name", json!("Engine"))]).into()
}

fn line(text: &str) -> Block {
    Block::new(BlockKind::Paragraph, vec![Span { text: text.into(), ..Span::default() }])
}

fn part(blocks: Vec<Block>) -> BodyPart {
    BodyPart { parent: None, after: None, blocks }
}

/// Appends until the template is there; gives back how many requests that took.
async fn fill(office: &Office, page: &RecordId, wanted: &[Block]) -> usize {
    let limits = office.client.capabilities().body.unwrap();
    for requests in 0.. {
        let there = office.client.read_body(page, wanted, Lane::Probe).await.unwrap();
        match go_on(wanted, &there, &limits).step {
            Step::Append(part) => office.client.append_body(page, &part).await.unwrap(),
            Step::Complete => return requests,
            Step::Foreign => panic!("it does not know its own blocks: {there:#?}"),
        }
    }
    unreachable!("there is always a next number")
}

#[tokio::test(start_paused = true)]
async fn blocks_are_sent_as_notion_takes_them_and_read_back_as_they_were_sent() {
    let office = office();
    let page = page(&office);
    let text = "# One\n\na **b** [c](https://example.com/)\n\n- [x] done\n  - inside\n\n```py\nx\n```\n\n---\n";
    let wanted = office.client.body_form(&Template::parse("t.md", text).blocks);
    assert_eq!(fill(&office, &page, &wanted).await, 1);
    let said = |content: &str| json!({ "type": "text", "text": { "content": content } });
    let block = |kind: &str, content: Json| json!({ "object": "block", "type": kind, kind: content });
    let inside = block("bulleted_list_item", json!({ "rich_text": [said("inside")] }));
    let expected = json!([
        block("heading_1", json!({ "rich_text": [said("One")] })),
        block(
            "paragraph",
            json!({ "rich_text": [
            said("a "),
            { "type": "text", "text": { "content": "b" }, "annotations": { "bold": true } },
            said(" "),
            { "type": "text", "text": { "content": "c", "link": { "url": "https://example.com/" } } },
        ] })
        ),
        block("to_do", json!({ "rich_text": [said("done")], "checked": true, "children": [inside] })),
        block("code", json!({ "rich_text": [said("x")], "language": "python" })),
        block("divider", json!({})),
    ]);
    assert_eq!(office.last(Method::Patch), json!({ "children": expected }));
    let there = office.client.read_body(&page, &wanted, Lane::Probe).await.unwrap();
    let shown: Vec<_> = there.iter().map(|it| (it.kind.clone().unwrap(), it.text.clone())).collect();
    let sent: Vec<_> = wanted.iter().map(|it| (it.kind.clone(), it.plain())).collect();
    assert_eq!(shown, sent);
    assert_eq!(there[2].children[0].text, "inside");
}

#[tokio::test(start_paused = true)]
async fn more_blocks_go_behind_the_last_of_ours_even_if_somebody_has_written_meanwhile() {
    let office = office();
    let page = page(&office);
    office.client.append_body(&page, &part(vec![line("first")])).await.unwrap();
    let there = office.client.read_body(&page, &[], Lane::Probe).await.unwrap();
    office.notion(|notion, now| notion.person_write(now, "Ada Lovelace", page.as_str(), "mine")).unwrap();
    let more = BodyPart { after: Some(there[0].id.clone()), ..part(vec![line("second")]) };
    office.client.append_body(&page, &more).await.unwrap();
    let there = office.client.read_body(&page, &[], Lane::Probe).await.unwrap();
    assert_eq!(there.iter().map(|it| it.text.as_str()).collect::<Vec<_>>(), ["first", "second", "mine"]);
}

#[tokio::test(start_paused = true)]
async fn an_append_is_sent_once_and_says_what_became_of_it() {
    let office = office();
    let page = page(&office);
    let lost = Response::json(502, &json!({ "code": "bad_gateway", "message": "no" }));
    let other = |_: &Json| {
        let block = json!({ "object": "block", "id": "b", "type": "paragraph", "paragraph": { "rich_text": [] } });
        Response::json(200, &json!({ "object": "list", "results": [block], "has_more": false, "next_cursor": null }))
    };
    for fault in [Fault::Lost, Fault::Instead(lost), Fault::After(other)] {
        office.fault(fault);
        let before = office.sent(Method::Patch);
        let error = office.client.append_body(&page, &part(vec![line("x")])).await.unwrap_err();
        assert!(matches!(error, WriteError::Unknown(_)), "{error:?}");
        assert_eq!(office.sent(Method::Patch), before + 1);
    }
    let kind = |error: WriteError| match error {
        WriteError::NotDone(error) => error.kind,
        other => panic!("{other:?}"),
    };
    let gone = BodyPart { after: Some("00000000-0000-4000-8000-00000000abcd".into()), ..part(vec![line("x")]) };
    let error = office.client.append_body(&page, &gone).await.unwrap_err();
    assert_eq!(kind(error), RemoteErrorKind::Overtaken, "what it goes after is gone: to be compared anew");
    office.notion(|notion, now| notion.person_trash(now, "Ada Lovelace", page.as_str())).unwrap();
    let error = office.client.append_body(&page, &part(vec![line("x")])).await.unwrap_err();
    assert_eq!(kind(error), RemoteErrorKind::NotFound);
}

#[tokio::test(start_paused = true)]
async fn text_that_no_block_can_hold_goes_on_in_the_next_one() {
    let office = office();
    let page = page(&office);
    let long = "x".repeat(450_000);
    let looks: String = (0..150).map(|at| format!("**a{at}** b ")).collect();
    let text = format!("# {looks}\n\n- {long}\n\n```\n{long}\n```\n");
    let wanted = office.client.body_form(&Template::parse("t.md", &text).blocks);
    assert_eq!(office.client.body_form(&wanted), wanted, "what fits stays as it is");
    let kinds: Vec<&BlockKind> = wanted.iter().map(|it| &it.kind).collect();
    let (code, more) = (BlockKind::Code("plain text".into()), BlockKind::Paragraph);
    assert_eq!(kinds, [&BlockKind::Heading(1), &more, &more, &BlockKind::Bullet, &code, &code, &code]);
    assert_eq!(wanted[3].children.len(), 2);
    let inside: String = wanted[3].children.iter().map(Block::plain).collect();
    assert_eq!(wanted[3].plain() + &inside, long);
    fill(&office, &page, &wanted).await;
}

fn markdown() -> impl Strategy<Value = String> {
    let indent = prop::sample::select(vec!["", "  ", "    ", "      ", "        ", "> ", "> > "]);
    let mark = prop::sample::select(vec![
        "",
        "- ",
        "1. ",
        "7. ",
        "- [ ] ",
        "* [x] ",
        "# ",
        "##### ",
        "```js",
        "```",
        "---",
        "| a | b |",
        "|---|---|",
        "<div>",
        "![i](j)",
        "[l](https://example.com)",
        "[m](n)",
        "**",
        "~~x~~ ",
    ]);
    let text = prop_oneof![4 => "\\PC{0,12}", 1 => "[a-z* `]{0,3000}"];
    prop::collection::vec((indent, mark, text), 0..160).prop_map(|lines| {
        lines.into_iter().map(|(indent, mark, text)| format!("{indent}{mark}{text}")).collect::<Vec<_>>().join("\n")
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, rng_seed: RngSeed::Fixed(11), ..ProptestConfig::default() })]

    // The pretend Notion refuses what is beyond a limit, as the real one does.
    #[test]
    fn any_markdown_becomes_a_body_that_notion_takes(text in markdown()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let office = office_with(crosstie::standin::notion::Config { budget: 100_000, ..Default::default() });
            let page = page(&office);
            let wanted = office.client.body_form(&Template::parse("t.md", &text).blocks);
            fill(&office, &page, &wanted).await;
        });
    }
}
