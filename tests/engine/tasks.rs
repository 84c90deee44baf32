//! The third pair: tasks of the portal with what they are bound to, and a board in Notion related to the projects. What is
//! made on either side appears on the other, moves along the board, and belongs to its deal; with the requests counted.

use crosstie::mapping::{Create, FieldSpec, PairSpec};
use crosstie::model::Side;
use crosstie::standin::bitrix24::Entity;
use serde_json::{Value as Json, json};

use crate::harness::{ANNA, BORIS, Bench, Plan};

/// Statuses of a task by number, and the column of the board.
const COLUMNS: [(&str, &str); 5] =
    [("2", "To do"), ("3", "Doing"), ("4", "To be checked"), ("5", "Done"), ("6", "Later")];

struct Board {
    bench: Bench,
    source: String,
    deal: String,
    project: String,
}

/// An office whose tasks are kept in step too.
async fn ready() -> Board {
    let mut bench = Bench::new(Plan { office: (2, 2, 2, 0), ..Plan::default() });
    let projects = bench.source("deals");
    let options: Vec<Json> = COLUMNS.iter().map(|(_, name)| json!({ "name": name })).collect();
    let source = bench
        .wires
        .notion
        .lock()
        .unwrap()
        .add_data_source(
            "Tasks",
            &json!({
                "Name": { "title": {} }, "Status": { "status": { "options": options } }, "Due": { "date": {} },
                "Who": { "people": {} }, "About": { "rich_text": {} }, "CRM ID": { "rich_text": {} },
                "Project": { "relation": {
                    "data_source_id": projects, "type": "dual_property",
                    "dual_property": { "synced_property_name": "Tasks" },
                } },
            }),
        )
        .unwrap();
    let deals = bench.specs.iter().find(|spec| spec.name.as_str() == "deals").unwrap().clone();
    let pattern = deals.fields[0].clone();
    let field = |crm: &str, notion: &str| FieldSpec {
        key: crm.into(),
        crm: crm.into(),
        notion: notion.into(),
        values: Default::default(),
        relation: None,
        ..pattern.clone()
    };
    let columns = COLUMNS.iter().map(|(code, name)| ((*code).to_owned(), (*name).to_owned())).collect();
    bench.specs.push(PairSpec {
        name: "tasks".into(),
        crm: "task".into(),
        data_source: source.clone(),
        match_by: vec!["TITLE".into()],
        create: Create::Both,
        fields: vec![
            field("TITLE", "Name"),
            FieldSpec { values: columns, ..field("STATUS", "Status") },
            field("DEADLINE", "Due"),
            field("RESPONSIBLE_ID", "Who"),
            field("DESCRIPTION", "About"),
            FieldSpec { relation: Some("deals".into()), ..field("UF_CRM_TASK.DEAL", "Project") },
        ],
        ..deals
    });
    bench.start().await;
    bench.until("everything is tied and written", 900, async || bench.is_quiet().await).await;
    bench.pass(300).await;
    let (deal, project) = bench.deal().await;
    bench.forget_calls();
    Board { bench, source, deal, project }
}

impl Board {
    fn anna_gives(&self, set: &[(&str, Json)]) -> String {
        self.bench.wires.crm.lock().unwrap().person_create_task(self.bench.now(), ANNA, set).unwrap()
    }

    fn anna_edits(&self, task: &str, field: &str, value: Json) {
        let now = self.bench.now();
        assert!(self.bench.wires.crm.lock().unwrap().person_edit_task(now, ANNA, task, &[(field, value)]).unwrap());
    }

    fn held(&self, task: &str, field: &str) -> Json {
        let crm = self.bench.wires.crm.lock().unwrap();
        crm.plain_task(task).unwrap_or_default().get(field).cloned().unwrap_or_default()
    }

    async fn page_of(&self, task: &str) -> String {
        self.bench
            .until("the task has its page", 300, async || self.bench.page_of("tasks", task).await.is_some())
            .await;
        self.bench.page_of("tasks", task).await.unwrap()
    }

    async fn task_of(&self, page: &str) -> String {
        self.bench
            .until("the page has its task", 600, async || self.bench.record_of("tasks", page).await.is_some())
            .await;
        self.bench.record_of("tasks", page).await.unwrap()
    }

    /// Both sides show the same.
    fn assert_equal(&self, task: &str, page: &str, column: &str, bound: &[&str], related: &[&str]) {
        let (code, _) = COLUMNS.into_iter().find(|(_, name)| *name == column).unwrap();
        let cell = |property: &str| self.bench.cell(page, property);
        assert_eq!((self.held(task, "STATUS"), cell("Status")), (json!(code), json!(column)));
        assert_eq!(self.held(task, "TITLE"), cell("Name"));
        assert_eq!((self.held(task, "UF_CRM_TASK"), cell("Project")), (json!(bound), json!(related)));
    }

    /// Writes to the CRM, writes to Notion, and other requests but listings.
    fn counted(&self) -> (usize, usize, usize) {
        let calls = self.bench.calls();
        let writes = |side: Side| calls.iter().filter(|call| call.side == side && call.is_write()).count();
        let beside = calls.iter().filter(|call| !call.is_write() && !call.is_listing()).count();
        (writes(Side::Crm), writes(Side::Notion), beside)
    }
}

#[tokio::test(start_paused = true)]
async fn a_task_of_the_portal_appears_on_the_board_moves_along_it_and_belongs_to_its_project() {
    let board = ready().await;
    let bench = &board.bench;
    let bound = format!("D_{}", board.deal);
    let task = board.anna_gives(&[
        ("TITLE", json!("Order the tiles")),
        ("DEADLINE", json!("2026-02-01T15:00:00+03:00")),
        ("DESCRIPTION", json!("Red ones")),
        ("UF_CRM_TASK", json!([bound])),
    ]);
    let page = board.page_of(&task).await;
    bench.settle().await;
    board.assert_equal(&task, &page, "To do", &[&bound], &[&board.project]);
    assert_eq!(bench.cell(&page, "About"), json!("Red ones"));
    assert!(bench.cell(&page, "Due").as_str().unwrap().starts_with("2026-02-01T12:00"), "{}", bench.cell(&page, "Due"));
    assert!(bench.cell(&board.project, "Tasks").as_array().unwrap().contains(&json!(page)));
    for (code, column) in [("3", "Doing"), ("4", "To be checked"), ("5", "Done")] {
        board.anna_edits(&task, "STATUS", json!(code));
        bench.until("it moves along the board", 120, async || bench.cell(&page, "Status") == json!(column)).await;
    }
    bench.settle().await;
    board.assert_equal(&task, &page, "Done", &[&bound], &[&board.project]);
    assert!(bench.claims().await.holds.is_empty(), "{:#?}", bench.claims().await.holds);
    // One page and three moves, with a look before each of them.
    let (crm, notion, beside) = board.counted();
    assert_eq!((crm, notion), (0, 4));
    assert!(beside <= 3, "{beside} other requests: {:#?}", bench.calls());
}

#[tokio::test(start_paused = true)]
async fn a_card_of_the_board_becomes_a_task_bound_to_its_deal_and_moves_in_the_portal() {
    let board = ready().await;
    let bench = &board.bench;
    let bound = format!("D_{}", board.deal);
    let page = bench.wires.notion.lock().unwrap().person_create(
        bench.now(),
        BORIS,
        &board.source,
        &[
            ("Name", json!("Call the roofer")),
            ("Status", json!("To do")),
            ("Project", json!([board.project])),
            ("Who", json!(["boris@example.com"])),
        ],
    );
    let page = page.unwrap();
    let task = board.task_of(&page).await;
    bench.settle().await;
    board.assert_equal(&task, &page, "To do", &[&bound], &[&board.project]);
    assert_eq!(
        (bench.cell(&page, "CRM ID"), board.held(&task, "XML_ID")),
        (json!(task), json!(format!("crosstie:{page}")))
    );
    for (code, column) in [("3", "Doing"), ("6", "Later"), ("5", "Done")] {
        bench.edit_notion(&page, "Status", column);
        bench.until("it moves in the portal", 120, async || board.held(&task, "STATUS") == json!(code)).await;
    }
    bench.settle().await;
    board.assert_equal(&task, &page, "Done", &[&bound], &[&board.project]);
    assert_ne!(board.held(&task, "CLOSED_DATE"), json!(null));
    assert!(bench.claims().await.holds.is_empty(), "{:#?}", bench.claims().await.holds);
    // One task and three moves; the page gets its marker. A look before each write, and at what the new task is bound to.
    let (crm, notion, beside) = board.counted();
    assert_eq!((crm, notion), (4, 1));
    assert!(beside <= 7, "{beside} other requests: {:#?}", bench.calls());
}

#[tokio::test(start_paused = true)]
async fn a_task_is_bound_elsewhere_from_either_side_and_what_the_board_cannot_show_stays() {
    let board = ready().await;
    let bench = &board.bench;
    let other = bench.ids(Entity::Deal)[1].clone();
    let other_project = bench.page_of("deals", &other).await.unwrap();
    let (first, second) = (format!("D_{}", board.deal), format!("D_{other}"));
    let task = board.anna_gives(&[("TITLE", json!("Order")), ("UF_CRM_TASK", json!(["C_1", first, "T88_3"]))]);
    let page = board.page_of(&task).await;
    bench.settle().await;
    board.assert_equal(&task, &page, "To do", &["C_1", &first, "T88_3"], &[&board.project]);
    // Boris gives it to the other project.
    bench.edit_notion(&page, "Project", json!([other_project]));
    let moved = json!(["C_1", "T88_3", second]);
    bench.until("it is bound there", 120, async || board.held(&task, "UF_CRM_TASK") == moved).await;
    // Anna binds it to both.
    board.anna_edits(&task, "UF_CRM_TASK", json!(["C_1", "T88_3", second, first]));
    let both = async || bench.cell(&page, "Project").as_array().is_some_and(|all| all.len() == 2);
    bench.until("it belongs to both", 120, both).await;
    bench.settle().await;
    assert_eq!(board.held(&task, "UF_CRM_TASK"), json!(["C_1", "T88_3", second, first]));
    assert!(bench.claims().await.holds.is_empty(), "{:#?}", bench.claims().await.holds);
}

#[tokio::test(start_paused = true)]
async fn two_who_move_a_task_at_once_are_asked_and_a_deleted_task_ends_its_tie() {
    let board = ready().await;
    let bench = &board.bench;
    let task = board.anna_gives(&[("TITLE", json!("Order"))]);
    let page = board.page_of(&task).await;
    bench.settle().await;
    board.anna_edits(&task, "STATUS", json!("3"));
    bench.edit_notion(&page, "Status", "Done");
    let id =
        crosstie::model::HoldId { pair: "tasks".into(), crm: Some(task.as_str().into()), field: Some("STATUS".into()) };
    bench.until("somebody has to decide", 120, async || bench.hold(&id).await.is_some()).await;
    assert_eq!((board.held(&task, "STATUS"), bench.cell(&page, "Status")), (json!("3"), json!("Done")));
    board.anna_edits(&task, "STATUS", json!("5"));
    bench.until("they agree", 120, async || bench.hold(&id).await.is_none()).await;
    let now = bench.now();
    bench.wires.crm.lock().unwrap().person_delete_task(now, ANNA, &task).unwrap();
    bench.until("the tie has ended", 3_900, async || bench.page_of("tasks", &task).await.is_none()).await;
    assert_eq!(bench.wires.notion.lock().unwrap().in_trash(&page), Some(false), "the page stays");
}
