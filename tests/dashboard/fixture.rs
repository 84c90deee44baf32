//! A small engine that lives in memory: rows to look at, and a record of what it was told.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use crosstie::control::*;
use crosstie::model::*;
use crosstie::tui::keymap::{Keymap, key::parse_sequence};
use crosstie::tui::model::{Effect, Model, Msg};
use crosstie::tui::theme::Theme;
use crosstie::tui::update::update;
use jiff::{Timestamp, tz::TimeZone};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use tokio::sync::watch;

/// 2026-11-20 12:00:00 UTC.
pub const NOON: i64 = 1_795_176_000;

pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(NOON + seconds).unwrap()
}

fn value(text: &str) -> SideValue {
    SideValue {
        text: text.to_owned(),
        digest: format!("digest of {text}"),
        seen_at: Some(at(-600)),
        ..SideValue::default()
    }
}

pub fn hold(record: &str, field: &str, crm: &str, notion: &str) -> HoldRow {
    HoldRow {
        id: HoldId { pair: "deals".into(), crm: Some(record.into()), field: Some(field.into()) },
        title: format!("Deal {record}"),
        label: field.to_lowercase(),
        kind: Some(Kind::Text),
        why: "conflict".to_owned(),
        detail: "Both sides changed this field since they last agreed.".to_owned(),
        means: String::new(),
        base: Some(value("what it was")),
        crm: SideValue { edited_by: "Anna Kern".into(), edited_at: Some(at(-640)), ..value(crm) },
        notion: SideValue { edited_by: "crosstie".into(), edited_at: Some(at(-90_000)), ..value(notion) },
        options: Vec::new(),
        since: at(-3_600),
        decidable: true,
        decided: None,
    }
}

/// The roles of a deal's contacts: one is chosen out of several, and one stands for itself.
pub fn roles() -> Vec<LinkRole> {
    let role = |field: &str, label: &str, single, within: Option<&str>| LinkRole {
        field: field.into(),
        label: label.into(),
        leads: "contacts".into(),
        single,
        within: within.map(Into::into),
        only_in: None,
    };
    vec![
        role("PRIMARY", "Primary contact", true, Some("CONTACTS")),
        role("CONTACTS", "Contacts", false, None),
        role("DECIDES", "Decision maker", true, None),
    ]
}

/// What the fake engine holds.
#[derive(Debug, Clone)]
pub struct World {
    pub snapshot: Snapshot,
    pub holds: Vec<HoldRow>,
    pub orphans: Vec<OrphanRow>,
    pub relations: Vec<RelationRow>,
    pub candidates: Vec<Candidate>,
    pub queue: Vec<QueueRow>,
    pub journal: Vec<JournalRow>,
    /// What it says of a record that is looked at closely.
    pub closeup: RecordView,
    /// What it says of a pair's mapping.
    pub mapping: MappingView,
    /// Decisions that it would not take, and why.
    pub refuses: BTreeMap<HoldId, String>,
    /// Why everything it takes would have to wait.
    pub waits: String,
    /// How far it looks through its journal, if that is not told as all of it.
    pub looked: Option<Looked>,
    /// What it was told, by whom.
    pub told: Vec<(String, Command)>,
    /// What it says next, if not `Done`.
    pub says: Option<Reply>,
}

fn journal(seq: u64) -> JournalRow {
    let tie = RecordId::from("412");
    JournalRow {
        event: Event {
            seq,
            at: at(-(i64::try_from(seq).unwrap())),
            what: Happening::Wrote,
            pair: Some("deals".into()),
            side: Some(Side::Notion),
            crm: Some(tie),
            notion: None,
            field: Some("TITLE".into()),
            before: Some(Value::text("old")),
            after: Some(Value::text("new")),
            window: Some((at(-2), at(-1))),
            who: String::new(),
            note: "CRM changed".to_owned(),
            edit: None,
        },
        title: format!("Deal {seq}"),
        label: "title".to_owned(),
        before: Some("old".to_owned()),
        after: Some("new".to_owned()),
        undoable: true,
        not_undoable: String::new(),
    }
}

fn closeup() -> RecordView {
    let field = |label: &str, crm: &str, notion: &str| RecordField {
        label: label.into(),
        base: None,
        crm: Some(crm.into()),
        notion: Some(notion.into()),
        held: crm != notion,
    };
    RecordView {
        tie: TieId { pair: "deals".into(), crm: "1".into() },
        title: "Deal 1".into(),
        ids: Sides { crm: "1".into(), notion: "page-9".into() },
        links: Sides {
            crm: Some("https://portal.example/crm/deal/details/1/".into()),
            notion: Some("https://www.notion.so/page9".into()),
        },
        fields: vec![field("budget", "1", "2"), field("stage", "Won", "Won"), field("owner", "Ada", "Bob")],
    }
}

pub fn full() -> World {
    let tie = |pair: &str, id: &str| TieId { pair: pair.into(), crm: id.into() };
    let mut holds: Vec<HoldRow> =
        (1..=40).map(|n| hold(&n.to_string(), "BUDGET", &format!("{n}00 EUR"), &format!("{n}50 EUR"))).collect();
    holds.push(hold("1", "NAME", "Ada Lovelace", "Ada King\nCountess of Lovelace"));
    holds.push(HoldRow { why: "refused".into(), decidable: false, ..hold("77", "MAIL", "", "") });
    let pair = |name: &str, state: PairState| PairStatus {
        name: name.into(),
        state,
        ties: 120,
        last_cycle: Some(at(-5)),
        last_sweep: Some(at(-900)),
        drift: 0,
        paused: None,
        sweeping: Sides::default(),
        records: Sides { crm: 130, notion: 125 },
        held: 3,
        orphans: Sides { crm: 1, notion: 2 },
        roles: if name == "deals" { roles() } else { Vec::new() },
        creates: Sides::default(),
        shape: 0,
    };
    let orphan = |n: u32| OrphanRow {
        record: RecordRef { pair: "contacts".into(), side: Side::Notion, id: format!("page-{n}").into() },
        title: format!("Orphan {n}"),
        why: "ambiguous".into(),
        detail: "Two contacts have this e-mail address.".into(),
        fields: vec![("E-mail".into(), "ada@example.org".into())],
        since: at(-86_400),
        suggestions: 2,
        uncounted: n == 3,
        best: (n == 1).then(|| Candidate {
            id: "31".into(),
            title: "Ada Lovelace".into(),
            reason: "same E-mail".into(),
            fields: Vec::new(),
            taken: false,
            score: 60,
            digest: "digest of 31".into(),
        }),
        creatable: n % 2 == 1,
        ignored: None,
        digest: format!("digest of orphan {n}"),
    };
    // Shown only where it is asked for.
    let ignored = OrphanRow {
        why: "ignored".into(),
        detail: "ignored by boris: nothing is created for it, and it is matched with nothing.".into(),
        suggestions: 0,
        ignored: Some("boris".into()),
        since: at(-90_000),
        ..orphan(4)
    };
    let connection = |name: &str, headroom| Connection {
        name: name.into(),
        link: Link::Up,
        breaker: crosstie::control::Breaker::Closed,
        last_answer: Some(at(-3)),
        every: 10,
        headroom,
        requests: 1_234,
        throttled: 2,
        records: 480,
    };
    let sample = |n: u32| Sample {
        seen: Sides { crm: n % 5, notion: n % 3 },
        written: Sides { crm: n % 2, notion: 1 },
        queue: Sides { crm: n % 7, notion: 2 },
    };
    World {
        snapshot: Snapshot {
            version: 1,
            at: at(-1),
            started: at(-7_200),
            mode: Mode::Demo,
            workspace: String::new(),
            sides: Sides {
                crm: connection(
                    "Bitrix24",
                    Headroom::Bucket {
                        room: 12,
                        size: 50,
                        most: 50,
                        refill_hundredths: 200,
                        gated_until: None,
                        operating: None,
                    },
                ),
                notion: connection(
                    "Notion",
                    Headroom::Window {
                        left: 0,
                        budget: 171,
                        most: 180,
                        next_release: Some(at(20)),
                        gated_until: Some(at(42)),
                    },
                ),
            },
            queue: Sides {
                crm: QueueDepth { planned: 3, in_flight: 1, unknown: 1 },
                notion: QueueDepth { planned: 7, in_flight: 0, unknown: 0 },
            },
            conflicts: 41,
            holds: 2,
            orphans: 3,
            ties: 240,
            relations: 18,
            written: Sides { crm: 900, notion: 1_200 },
            seen: Sides { crm: 1_000, notion: 950 },
            series: (0..240).map(sample).collect(),
            quarter: (0..90).map(sample).collect(),
            day: (0..96).map(sample).collect(),
            windows: WindowFigures { count: 500, p50: 340, p95: 910 },
            drained: Sides::default(),
            latency: WindowFigures { count: 480, p50: 1_900, p95: 6_200 },
            waits: vec![("a free request".into(), 4), ("conflict".into(), 41), ("the quiet period".into(), 6)],
            quarantined: 1,
            possibly_overwritten: 0,
            pairs: vec![
                pair("contacts", PairState::Running),
                pair("deals", PairState::Review { sure: 100, ambiguous: 4, crm_only: 9, notion_only: 2 }),
                pair(
                    "projects",
                    PairState::Guarded { what: "412 pages would be emptied".into(), plan: "p1".into(), count: 412 },
                ),
            ],
            latest: (1..=20).map(journal).collect(),
            hot: 4,
            sinks: Vec::new(),
            store_note: String::new(),
        },
        holds,
        orphans: (1..=3).map(orphan).chain([ignored]).collect(),
        relations: [
            ("1", "PRIMARY", "Primary contact", Some("9"), true),
            ("1", "CONTACTS", "Contacts", Some("9"), false),
            ("1", "CONTACTS", "Contacts", Some("10"), true),
            ("1", "DECIDES", "Decision maker", None, false),
            ("2", "PRIMARY", "Primary contact", None, false),
            ("2", "CONTACTS", "Contacts", None, false),
            ("2", "DECIDES", "Decision maker", None, false),
        ]
        .map(|(owner, field, label, target, on_notion)| RelationRow {
            owner: tie("deals", owner),
            owner_title: if owner == "1" { "Project Mercury" } else { "Project Venus" }.into(),
            field: field.into(),
            label: label.into(),
            target: target.map(|id| tie("contacts", id)),
            target_title: target.map_or("", |id| if id == "9" { "Ada Lovelace" } else { "Grace Hopper" }).into(),
            on_crm: target.is_some(),
            on_notion,
            pending: false,
            shown: Some(Shown {
                crm: format!("digest of {field} of {owner}"),
                notion: format!("digest of {field} of {owner} there"),
            }),
        })
        .to_vec(),
        candidates: vec![
            Candidate {
                id: "31".into(),
                title: "Ada Lovelace".into(),
                reason: "same e-mail".into(),
                fields: vec![("Phone".into(), "+44".into())],
                taken: false,
                score: 62,
                digest: "digest of 31".into(),
            },
            Candidate {
                id: "32".into(),
                title: "Ada Taken".into(),
                reason: String::new(),
                fields: vec![],
                taken: true,
                score: 0,
                digest: "digest of 32".into(),
            },
        ],
        queue: vec![QueueRow {
            pair: "deals".into(),
            side: Side::Notion,
            op: "update".into(),
            record: "page-1".into(),
            title: "Deal 1".into(),
            fields: vec!["Budget".into(), "Stage".into()],
            state: QueueState::Unknown,
            since: at(-30),
            due: Some(at(15)),
            attempts: 2,
            waits: Wait::Probe,
            said: String::new(),
        }],
        journal: (1..=300).map(journal).collect(),
        closeup: closeup(),
        mapping: MappingView {
            pair: "deals".into(),
            facts: vec![("matched by".into(), "E-mail, then Name".into())],
            fields: vec![MappedField {
                crm: "OPPORTUNITY".into(),
                notion: "Budget".into(),
                direction: "<->".into(),
                kind: "number".into(),
                policy: "hold".into(),
            }],
        },
        refuses: BTreeMap::new(),
        waits: String::new(),
        looked: None,
        told: Vec::new(),
        says: None,
    }
}

impl World {
    pub fn answer(&self, query: &Query) -> Window {
        let filter = query.filter.to_lowercase();
        // As the engine does: the rows around the one the cursor is on.
        let fits = |text: String| text.to_lowercase().contains(&filter);
        let place = match &query.near {
            Some(Near::Hold(id)) => {
                let mut rows = self.holds.iter().filter(|row| fits(format!("{} {}", row.title, row.label)));
                rows.position(|row| row.id == *id)
            }
            Some(Near::Orphan(record)) => {
                let mut rows = self.orphans.iter().filter(|row| fits(row.title.clone()));
                rows.position(|row| row.record == *record)
            }
            Some(Near::Owner(tie)) => {
                self.owners().iter().filter(|row| fits(row.title.clone())).position(|row| row.owner == *tie)
            }
            None => None,
        };
        let query = &Query { offset: query.first_for(place), ..query.clone() };
        fn cut<T: Clone>(rows: &[T], text: impl Fn(&T) -> String, filter: &str, query: &Query) -> (u64, Vec<T>) {
            let rows: Vec<T> = rows.iter().filter(|row| text(row).to_lowercase().contains(filter)).cloned().collect();
            let offset = usize::try_from(query.offset).unwrap();
            let limit = usize::try_from(query.limit.min(500)).unwrap();
            (rows.len() as u64, rows.into_iter().skip(offset).take(limit).collect())
        }
        let (total, rows) = match &query.list {
            List::Holds | List::Quarantined => {
                let (total, rows) = cut(&self.holds, |row| format!("{} {}", row.title, row.label), &filter, query);
                (total, Rows::Holds(rows))
            }
            List::Orphans => {
                let shown = self.orphans.iter().filter(|row| query.ignored || row.ignored.is_none());
                let shown: Vec<OrphanRow> = shown.cloned().collect();
                let (total, rows) = cut(&shown, |row| row.title.clone(), &filter, query);
                (total, Rows::Orphans(rows))
            }
            List::Owners => {
                let (total, rows) = cut(&self.owners(), |row| row.title.clone(), &filter, query);
                (total, Rows::Owners(rows))
            }
            List::Edges { owner } => {
                let own: Vec<_> = self.relations.iter().filter(|row| row.owner == *owner).cloned().collect();
                let (total, rows) = cut(&own, |row| format!("{} {}", row.target_title, row.label), &filter, query);
                (total, Rows::Relations(rows))
            }
            List::Relations => {
                let (total, rows) = cut(&self.relations, |row| row.owner_title.clone(), &filter, query);
                (total, Rows::Relations(rows))
            }
            List::Candidates { .. } | List::Tied { .. } => {
                let (total, rows) = cut(&self.candidates, |row| row.title.clone(), &filter, query);
                (total, Rows::Candidates(rows))
            }
            List::Record { tie } => {
                let mut view =
                    RecordView { tie: tie.clone(), title: format!("Deal {}", tie.crm), ..self.closeup.clone() };
                view.ids.crm = tie.crm.clone();
                let portal = format!("https://portal.example/crm/deal/details/{}/", tie.crm);
                view.links.crm =
                    view.links.crm.map(|link| link.replace("https://portal.example/crm/deal/details/1/", &portal));
                (1, Rows::Records(vec![view]))
            }
            List::Mapping { pair } => {
                let view = MappingView { pair: pair.clone(), ..self.mapping.clone() };
                (1, Rows::Mappings(vec![view]))
            }
            List::Typed { text, .. } => {
                let wrong = text.strip_prefix("?").map(|rest| format!("`{rest}` is no value of this field"));
                (1, Rows::Typed(vec![TypedView { reads: text.clone(), wrong: wrong.unwrap_or_default() }]))
            }
            List::Preview { items } => {
                let rows: Vec<Foreseen> = items.iter().map(|item| self.foreseen(item)).collect();
                (rows.len() as u64, Rows::Previews(rows))
            }
            List::Queue => {
                let (total, rows) = cut(&self.queue, |row| row.title.clone(), &filter, query);
                (total, Rows::Queue(rows))
            }
            List::Journal => {
                let (total, rows) = cut(&self.journal, |row| row.title.clone(), &filter, query);
                (total, Rows::Journal(rows))
            }
        };
        let looked = self.looked.filter(|_| matches!(rows, Rows::Journal(_)));
        Window { looked, ..Window::of(total, query.offset, rows) }
    }

    /// Every owner of an edge, in their order.
    pub fn owners(&self) -> Vec<OwnerRow> {
        let mut owners: Vec<OwnerRow> = Vec::new();
        for row in &self.relations {
            if owners.last().is_none_or(|last| last.owner != row.owner) {
                let (owner, title) = (row.owner.clone(), row.owner_title.clone());
                owners.push(OwnerRow { owner, title, links: 0, pending: false });
            }
            if let Some(owner) = owners.last_mut() {
                owner.links += u64::from(row.target.is_some());
                owner.pending |= row.pending;
            }
        }
        owners
    }

    fn foreseen(&self, item: &Resolution) -> Foreseen {
        let id = item.id().clone();
        let fate = match (self.holds.iter().find(|row| row.id == id), self.refuses.get(&id)) {
            (_, Some(why)) => Fate::Refused { why: why.clone() },
            (Some(row), None) => {
                let to = |side, text: &str| Foretold { side, text: text.to_owned() };
                let both = |text: &str| vec![to(Side::Crm, text), to(Side::Notion, text)];
                let now = |side| if side == Side::Crm { &row.crm } else { &row.notion };
                let fits = |shown: &Shown| shown.crm == row.crm.digest && shown.notion == row.notion.digest;
                if fits(item.shown()) {
                    let mut writes = match item {
                        Resolution::Force { side, .. } => vec![to(side.other(), &now(*side).text)],
                        Resolution::Set { text, .. } => both(text),
                        Resolution::Base { .. } => both(&row.base.clone().unwrap_or_default().text),
                        Resolution::Keep { .. } => Vec::new(),
                    };
                    writes.retain(|write| write.text != now(write.side).text);
                    Fate::Taken { writes, waits: self.waits.clone() }
                } else {
                    Fate::Changed
                }
            }
            (None, None) => Fate::Changed,
        };
        Foreseen { id, fate }
    }

    pub fn tell(&mut self, who: &str, command: Command) -> Reply {
        self.told.push((who.to_owned(), command));
        self.says.take().unwrap_or(Reply::Done { note: "on its way".to_owned() })
    }
}

/// The fake engine behind a Desk.
pub struct FakeDesk {
    pub world: Mutex<World>,
    pub snapshots: watch::Sender<Arc<Snapshot>>,
}

impl FakeDesk {
    pub fn new(world: World) -> Self {
        // A channel holds a snapshot before the engine has looked at anything.
        Self { world: Mutex::new(world), snapshots: watch::Sender::new(Arc::new(Snapshot::default())) }
    }
}

#[async_trait]
impl Desk for FakeDesk {
    fn snapshots(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.snapshots.subscribe()
    }

    async fn query(&self, query: Query) -> Result<Window, DeskError> {
        Ok(self.world.lock().unwrap().answer(&query))
    }

    async fn command(&self, who: &str, command: Command) -> Result<Reply, DeskError> {
        Ok(self.world.lock().unwrap().tell(who, command))
    }
}

/// A dashboard over a world, without a loop: effects are carried out at once.
pub struct Rig {
    pub model: Model,
    pub world: World,
    pub ms: u64,
    pub effects: Vec<Effect>,
    pub quit: bool,
}

impl Rig {
    pub fn new(size: (u16, u16), world: World) -> Self {
        Self::themed(size, world, Theme::new(false, false))
    }

    pub fn themed(size: (u16, u16), world: World, theme: Theme) -> Self {
        let keymap = Arc::new(Keymap::preset("default").unwrap());
        let model = Model::new(keymap, theme, "anna", "", TimeZone::UTC);
        let mut rig = Self { model, world, ms: 0, effects: Vec::new(), quit: false };
        rig.send(Msg::Resize(size.0, size.1));
        let snapshot = Arc::new(rig.world.snapshot.clone());
        rig.send(Msg::Snapshot(snapshot));
        rig
    }

    /// Sends a message and carries out whatever it asks for, until nothing is out.
    pub fn send(&mut self, msg: Msg) {
        let mut effects = update(&mut self.model, Msg::Tick { now: at(0), ms: self.ms });
        effects.extend(update(&mut self.model, msg));
        while let Some(effect) = (!effects.is_empty()).then(|| effects.remove(0)) {
            self.effects.push(effect.clone());
            let more = match effect {
                Effect::Query { tag, query } => {
                    update(&mut self.model, Msg::Answer { tag, result: Ok(self.world.answer(&query)) })
                }
                Effect::Command { tag, command } => {
                    let reply = self.world.tell("anna", command);
                    update(&mut self.model, Msg::Reply { tag, result: Ok(reply) })
                }
                Effect::Quit => {
                    self.quit = true;
                    Vec::new()
                }
                Effect::Redraw | Effect::Copy(_) | Effect::Suspend => Vec::new(),
            };
            effects.extend(more);
        }
    }

    /// Draws, and waits until a popup takes answers.
    pub fn settle(&mut self) {
        let popup = self.model.popups.last().map(|popup| popup.serial);
        self.send(Msg::Drawn { popup });
        self.ms += 1_000;
        self.send(Msg::Drawn { popup });
    }

    /// Types keys, drawing after each.
    pub fn keys(&mut self, keys: &str) {
        for key in parse_sequence(keys).unwrap() {
            self.send(Msg::Key(key));
            self.settle();
        }
    }

    /// A newer snapshot, and the time to ask for what it changed.
    pub fn refresh(&mut self) {
        self.world.snapshot.version += 1;
        let snapshot = Arc::new(self.world.snapshot.clone());
        self.send(Msg::Snapshot(snapshot));
        self.settle();
    }

    pub fn told(&self) -> Vec<Command> {
        self.world.told.iter().map(|(_, command)| command.clone()).collect()
    }

    pub fn buffer(&self) -> Buffer {
        let mut buffer = Buffer::empty(Rect::new(0, 0, self.model.size.0, self.model.size.1));
        crosstie::tui::view::view(&self.model, &mut buffer);
        buffer
    }

    pub fn screen(&self) -> String {
        text(&self.buffer())
    }
}

/// A buffer's characters, line by line.
pub fn text(buffer: &Buffer) -> String {
    let mut out = String::new();
    for y in 0..buffer.area.height {
        let (mut line, mut skip) = (String::new(), 0);
        for x in 0..buffer.area.width {
            if skip > 0 {
                skip -= 1;
                continue;
            }
            let symbol = buffer[(x, y)].symbol();
            skip = unicode_width::UnicodeWidthStr::width(symbol).saturating_sub(1);
            line.push_str(symbol);
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}
