//! What goes over the wire, as it is written: the version of the protocol counts up when that changes for an older peer.

use crosstie::control::closeup::{MappedField, RecordField};
use crosstie::control::socket::VERSION;
use crosstie::control::socket::wire::{Answer, Ask, Hello, Push, Request};
use crosstie::control::{
    Breaker, Candidate, Command, Connection, Fate, Foreseen, Foretold, Headroom, HoldRow, JournalRow, Link, LinkRole,
    List, Looked, MappingView, Mode, Near, Order, OrphanRow, OwnerRow, PairState, PairStatus, Progress, Query,
    QueueDepth, QueueRow, QueueState, RecordView, RelationRow, Reply, Resolution, Rows, Sample, SideValue, Sides, Sink,
    Snapshot, TypedView, Wait, Window, WindowFigures,
};
use crosstie::model::{Event, Happening, HoldId, Kind, RecordRef, Shown, Side, TieId, Value};
use jiff::Timestamp;
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

/// The version, and the hash of a sample of everything. Has this test failed? Then the lines have another form. If a peer of
/// before reads them all the same (a new member that has a default), only the hash is another one; if it does not,
/// `VERSION` counts up, and the hash is another one too.
const SPOKEN: (u32, &str) = (4, "607c1d49b7e7a280");

fn at() -> Timestamp {
    Timestamp::from_second(1_795_150_000).unwrap()
}

fn hold() -> HoldId {
    HoldId { pair: "deals".into(), crm: Some("7".into()), field: Some("TITLE".into()) }
}

fn tie() -> TieId {
    TieId { pair: "deals".into(), crm: "7".into() }
}

fn record() -> RecordRef {
    RecordRef { pair: "deals".into(), side: Side::Notion, id: "p1".into() }
}

fn value() -> SideValue {
    SideValue {
        text: "text".into(),
        digest: "d".into(),
        seen_at: Some(at()),
        edited_by: "Anna".into(),
        edited_at: Some(at()),
    }
}

fn foreseen() -> Vec<Foreseen> {
    let writes = vec![Foretold { side: Side::Crm, text: "a".into() }];
    let fates = [
        Fate::Taken { writes, waits: "its pair is paused".into() },
        Fate::Changed,
        Fate::Refused { why: "one way".into() },
    ];
    fates.map(|fate| Foreseen { id: hold(), fate }).into()
}

fn journal() -> JournalRow {
    JournalRow {
        event: Event {
            seq: 4,
            at: at(),
            what: Happening::Wrote,
            pair: Some("deals".into()),
            side: Some(Side::Crm),
            crm: Some("7".into()),
            notion: Some("p1".into()),
            field: Some("TITLE".into()),
            before: Some(Value::text("a")),
            after: Some(Value::text("b")),
            window: Some((at(), at())),
            who: "anna".into(),
            note: "a note".into(),
            edit: Some(3),
        },
        title: "Roof".into(),
        label: "Name".into(),
        before: Some("a".into()),
        after: Some("b".into()),
        undoable: true,
        not_undoable: "not".into(),
    }
}

fn snapshot() -> Snapshot {
    let states = [
        PairState::Listing,
        PairState::Review { sure: 1, ambiguous: 2, crm_only: 3, notion_only: 4, marked: 5 },
        PairState::Running,
        PairState::Guarded { what: "40 deletions".into(), plan: "p".into(), count: 40 },
        PairState::Stopped { why: "gone".into() },
    ];
    let progress = Progress { read: 5, of: Some(6), about: true, since: at() };
    let pair = |state: PairState| PairStatus {
        name: "deals".into(),
        state,
        ties: 1,
        last_cycle: Some(at()),
        last_sweep: Some(at()),
        drift: 2,
        paused: Some("by anna".into()),
        sweeping: Sides { crm: Some(progress), notion: None },
        records: Sides { crm: 3, notion: 4 },
        held: 5,
        orphans: Sides { crm: 6, notion: 7 },
        roles: vec![LinkRole {
            field: "CONTACT_ID".into(),
            label: "Primary contact".into(),
            leads: "contacts".into(),
            single: true,
            within: Some("CONTACT_IDS".into()),
            only_in: Some(Side::Crm),
        }],
        creates: Sides { crm: true, notion: false },
        shape: 8,
    };
    let connection = |link: Link, headroom: Headroom| Connection {
        name: "Notion".into(),
        link,
        last_answer: Some(at()),
        every: 20,
        breaker: Breaker::Open { until: at() },
        headroom,
        requests: 1,
        throttled: 2,
        records: 3,
    };
    let window = Headroom::Window { left: 1, budget: 2, most: 3, next_release: Some(at()), gated_until: Some(at()) };
    let bucket = Headroom::Bucket {
        room: 1,
        size: 2,
        most: 3,
        refill_hundredths: 4,
        gated_until: Some(at()),
        operating: Some(("crm.item.list".into(), 5)),
    };
    let sample =
        Sample { seen: Sides { crm: 1, notion: 2 }, written: Sides { crm: 3, notion: 4 }, queue: Sides::default() };
    let depth = QueueDepth { planned: 1, in_flight: 2, unknown: 3 };
    Snapshot {
        version: 1,
        at: at(),
        started: at(),
        mode: Mode::Live,
        sides: Sides {
            crm: connection(Link::Troubled { why: "busy".into() }, bucket),
            notion: connection(Link::Down { why: "refused".into() }, window),
        },
        queue: Sides { crm: depth, notion: depth },
        conflicts: 2,
        holds: 3,
        orphans: 4,
        ties: 5,
        relations: 6,
        written: Sides { crm: 7, notion: 8 },
        seen: Sides { crm: 9, notion: 10 },
        series: vec![sample],
        quarter: vec![sample],
        day: vec![sample],
        windows: WindowFigures { count: 1, p50: 2, p95: 3 },
        latency: WindowFigures { count: 4, p50: 5, p95: 6 },
        drained: Sides { crm: Some(at()), notion: None },
        waits: vec![("quiet period".into(), 1)],
        quarantined: 11,
        possibly_overwritten: 12,
        pairs: states.map(pair).into(),
        latest: vec![journal()],
        hot: 13,
        sinks: vec![Sink { name: "slack".into(), sent: 1, dropped: 2, trouble: "off".into(), off: true }],
        store_note: "a note".into(),
        workspace: "north".into(),
    }
}

fn lists() -> Vec<List> {
    vec![
        List::Holds,
        List::Quarantined,
        List::Orphans,
        List::Relations,
        List::Owners,
        List::Edges { owner: tie() },
        List::Candidates { of: record() },
        List::Tied { pair: "deals".into() },
        List::Record { tie: tie() },
        List::Mapping { pair: "deals".into() },
        List::Typed { hold: hold(), text: "5".into() },
        List::Preview {
            items: vec![Resolution::Keep { id: hold(), shown: Shown { crm: "a".into(), notion: "b".into() } }],
        },
        List::Queue,
        List::Journal,
    ]
}

fn asks() -> Vec<Ask> {
    let query = |list| Query {
        filter: "roof".into(),
        offset: 1,
        limit: 2,
        near: Some(Near::Hold(hold())),
        order: Order::Newest,
        tie: Some(tie()),
        since: Some(at()),
        from: Some(3),
        to: Some(4),
        ..Query::all(list)
    };
    let shown = || Shown { crm: "a".into(), notion: "b".into() };
    let items = vec![
        Resolution::Force { id: hold(), shown: shown(), side: Side::Crm },
        Resolution::Set { id: hold(), shown: shown(), text: "5".into() },
        Resolution::Base { id: hold(), shown: shown() },
        Resolution::Keep { id: hold(), shown: shown() },
    ];
    let pair = || "deals".into();
    let commands = vec![
        Command::Resolve { items },
        Command::Link { pair: pair(), crm: "7".into(), notion: "p1".into(), shown: Some(shown()) },
        Command::CreateCounterpart { record: record(), shown: Some("d".into()) },
        Command::IgnoreOrphan { record: record(), shown: Some("d".into()) },
        Command::Relate {
            owner: tie(),
            field: "CONTACT_IDS".into(),
            target: tie(),
            linked: true,
            instead_of: Some(tie()),
            shown: Some(shown()),
        },
        Command::Approve { pair: pair() },
        Command::Override { pair: pair(), plan: "p".into() },
        Command::Pause { pair: pair() },
        Command::Resume { pair: pair() },
        Command::Hasten { pair: pair(), side: Side::Crm, record: "7".into() },
        Command::Park { pair: pair(), side: Side::Crm, record: "7".into() },
        Command::Retry { id: hold() },
        Command::Undo { event: 1, both: false },
        Command::Refresh,
        Command::Shutdown,
    ];
    let mut asks: Vec<Ask> = lists().into_iter().map(|list| Ask::Query(query(list))).collect();
    asks.push(Ask::Query(Query { near: Some(Near::Orphan(record())), ..Query::all(List::Orphans) }));
    asks.extend(commands.into_iter().map(|command| Ask::Command { who: "anna".into(), command }));
    asks
}

fn rows() -> Vec<Rows> {
    let fields = || vec![("Name".to_owned(), "Roof".to_owned())];
    let hold_row = HoldRow {
        id: hold(),
        title: "Roof".into(),
        label: "Name".into(),
        kind: Some(Kind::Text),
        why: "conflict".into(),
        means: "it means".into(),
        detail: "both".into(),
        base: Some(value()),
        crm: value(),
        notion: value(),
        options: vec!["one".into()],
        since: at(),
        decidable: true,
        decided: Some("by anna".into()),
    };
    let candidate = Candidate {
        id: "p1".into(),
        title: "Roof".into(),
        reason: "same".into(),
        fields: fields(),
        taken: true,
        score: 50,
        digest: "d".into(),
    };
    let orphan = OrphanRow {
        record: record(),
        title: "Roof".into(),
        why: "survivor".into(),
        detail: "alone".into(),
        fields: fields(),
        since: at(),
        suggestions: 1,
        creatable: true,
        uncounted: true,
        best: Some(candidate.clone()),
        ignored: Some("anna".into()),
        digest: "d".into(),
    };
    let relation = RelationRow {
        owner: tie(),
        owner_title: "Roof".into(),
        field: "CONTACT_IDS".into(),
        label: "Contacts".into(),
        target: Some(tie()),
        target_title: "Anna".into(),
        on_crm: true,
        on_notion: false,
        pending: true,
        shown: Some(Shown { crm: "a".into(), notion: "b".into() }),
    };
    let view = RecordView {
        tie: tie(),
        title: "Roof".into(),
        ids: Sides { crm: "7".into(), notion: "p1".into() },
        links: Sides { crm: Some("https://a".into()), notion: None },
        fields: vec![RecordField {
            label: "Name".into(),
            base: Some("a".into()),
            crm: Some("b".into()),
            notion: None,
            held: true,
        }],
    };
    let mapping = MappingView {
        pair: "deals".into(),
        facts: fields(),
        fields: vec![MappedField {
            crm: "TITLE".into(),
            notion: "Name".into(),
            direction: "<->".into(),
            kind: "text".into(),
            policy: "hold".into(),
        }],
    };
    let queue = |state| QueueRow {
        pair: "deals".into(),
        side: Side::Crm,
        op: "update".into(),
        record: "7".into(),
        title: "Roof".into(),
        fields: vec!["Name".into()],
        state,
        since: at(),
        due: Some(at()),
        attempts: 2,
        waits: Wait::Quiet,
        said: "busy".into(),
    };
    let states = [QueueState::InFlight, QueueState::Unknown, QueueState::Ready, QueueState::Quiet];
    vec![
        Rows::Holds(vec![hold_row]),
        Rows::Orphans(vec![orphan]),
        Rows::Owners(vec![OwnerRow { owner: tie(), title: "a title".into(), links: 2, pending: true }]),
        Rows::Relations(vec![relation]),
        Rows::Candidates(vec![candidate]),
        Rows::Records(vec![view]),
        Rows::Mappings(vec![mapping]),
        Rows::Previews(foreseen()),
        Rows::Typed(vec![TypedView { reads: "5".into(), wrong: "no".into() }]),
        Rows::Queue(states.map(queue).into()),
        Rows::Journal(vec![journal()]),
    ]
}

fn pushes() -> Vec<Push> {
    let replies = [
        Reply::Done { note: "done".into() },
        Reply::Changed { ids: vec![hold()], note: "changed".into() },
        Reply::Refused { why: "no".into() },
    ];
    let looked = Looked { from_line: 3, from: at(), until: Some(at()), whole: true };
    let windows = rows()
        .into_iter()
        .map(|rows| Answer::Window(Window { looked: Some(looked), order: Order::Pair, ..Window::of(1, 2, rows) }));
    let more = [Answer::Gone("gone".into()), Answer::Protocol("what?".into())];
    let answers = windows.chain(replies.into_iter().map(Answer::Reply)).chain(more);
    let mut pushes = vec![Push::Snapshot(Box::new(snapshot())), Push::Ended];
    pushes.extend(answers.map(|answer| Push::Answer { id: 9, answer }));
    pushes.push(Push::Error { id: Some(9), text: "not understood".into() });
    pushes
}

/// A sample that lacks a kind of line would prove nothing of it: whoever adds one has to look here.
fn all_are_there() {
    for ask in asks() {
        match ask {
            Ask::Query(_) | Ask::Command { .. } => {}
        }
    }
    for push in pushes() {
        match push {
            Push::Snapshot(_) | Push::Ended | Push::Answer { .. } | Push::Error { .. } => {}
        }
    }
}

#[test]
fn every_question_is_heard_as_it_was_asked() {
    for list in lists() {
        let query = Query { limit: 1, ..Query::all(list) };
        let line = json!(Request { id: 9, ask: Ask::Query(query.clone()) }).to_string();
        assert_eq!(serde_json::from_str::<Request>(&line).unwrap().ask, Ask::Query(query), "{line}");
    }
}

#[test]
fn the_version_of_the_protocol_stands_for_what_its_lines_look_like() {
    all_are_there();
    let hello = Hello {
        hello: "crosstie".into(),
        version: VERSION,
        pid: 1,
        mode: Some(Mode::Demo),
        from: Some("a".into()),
        inside: true,
    };
    let mut lines: Vec<Json> = vec![json!(hello)];
    lines.extend(asks().into_iter().map(|ask| json!(Request { id: 9, ask })));
    lines.extend(pushes().into_iter().map(|push| json!(push)));
    // What is written is read back.
    for ask in asks() {
        let line = json!(Request { id: 9, ask: ask.clone() }).to_string();
        assert_eq!(serde_json::from_str::<Request>(&line).unwrap().ask, ask, "{line}");
    }
    for push in pushes() {
        let line = json!(push).to_string();
        assert_eq!(serde_json::from_str::<Push>(&line).unwrap(), push, "{line}");
    }
    // `json!` sorts members, so that their order in the source is no matter.
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let hash: String = Sha256::digest(text.as_bytes()).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(SPOKEN, (VERSION, hash.as_str()), "the lines look different: see `SPOKEN`");
}
