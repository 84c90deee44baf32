//! What a test asks a bench and tells it, and what goes wrong on the way to the systems.

use super::*;

impl Bench {
    /// Snapshots as a part of the program gets them, and as somebody who looks does.
    pub fn follow(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.desk().follow()
    }

    /// Somebody looks for as long as this is held.
    pub fn watched(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.desk().snapshots()
    }

    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.desk().snapshots().borrow().clone()
    }

    pub async fn done(&self, command: Command) {
        let reply = self.command(command).await;
        assert!(matches!(reply, Reply::Done { .. }), "{reply:?}");
    }

    pub async fn query(&self, query: Query) -> Window {
        self.desk().query(query).await.unwrap()
    }

    /// A question, and how many others are answered before it, one after the other.
    pub async fn answered_meanwhile(&self, query: &Query) -> (Window, u32) {
        let found = self.query(query.clone());
        tokio::pin!(found);
        let mut others = 0;
        loop {
            let other = self.query(Query { limit: 1, ..Query::all(List::Queue) });
            tokio::select! {
                biased;
                found = &mut found => return (found, others),
                _ = other => others += 1,
            }
        }
    }

    pub async fn list(&self, list: List) -> Rows {
        self.query(Query { limit: 500, ..Query::all(list) }).await.rows
    }

    pub async fn hold(&self, id: &HoldId) -> Option<Hold> {
        self.claims().await.holds.into_iter().find(|hold| hold.id == *id)
    }

    /// What an operator is shown of a held field.
    pub async fn shown(&self, id: &HoldId) -> Shown {
        let Rows::Holds(rows) = self.list(List::Holds).await else { panic!("no holds") };
        let row = rows.into_iter().find(|row| row.id == *id).unwrap_or_else(|| panic!("{id} is not held"));
        Shown { crm: row.crm.digest, notion: row.notion.digest }
    }

    /// The page tied to a CRM record.
    pub async fn page_of(&self, pair: &str, crm: &str) -> Option<String> {
        let ties = self.claims().await.ties;
        ties.into_iter().find(|tie| tie.pair.as_str() == pair && tie.crm.as_str() == crm).map(|tie| tie.notion.0)
    }

    /// The CRM record tied to a page.
    pub async fn record_of(&self, pair: &str, page: &str) -> Option<String> {
        let ties = self.claims().await.ties;
        ties.into_iter().find(|tie| tie.pair.as_str() == pair && tie.notion.as_str() == page).map(|tie| tie.crm.0)
    }

    /// The first deal with its page.
    pub async fn deal(&self) -> (String, String) {
        let deal = self.ids(Entity::Deal)[0].clone();
        let page = self.page_of("deals", &deal).await.unwrap();
        (deal, page)
    }

    /// Decides about every request from now on.
    pub fn faults(&self, decide: impl FnMut(&Call) -> Fate + Send + 'static) {
        *self.wires.faults.lock().unwrap() = Box::new(decide);
    }

    /// The first request that fits meets this fate; everything else passes.
    pub fn once(&self, fits: impl Fn(&Call) -> bool + Send + 'static, fate: Fate) {
        let mut fate = Some(fate);
        self.faults(move |call| if fits(call) { fate.take().unwrap_or(Fate::Pass) } else { Fate::Pass });
    }

    pub fn no_faults(&self) {
        self.faults(|_| Fate::Pass);
    }

    pub fn calls(&self) -> Vec<Call> {
        self.wires.calls.lock().unwrap().clone()
    }

    pub fn forget_calls(&self) {
        self.wires.calls.lock().unwrap().clear();
    }

    /// Those of a kind; the others, which may be many thousand, are not copied.
    pub fn calls_that(&self, are: impl Fn(&Call) -> bool) -> Vec<Call> {
        self.wires.calls.lock().unwrap().iter().filter(|call| are(call)).cloned().collect()
    }

    pub fn writes(&self) -> Vec<Call> {
        self.calls_that(Call::is_write)
    }

    pub fn creates(&self) -> Vec<Call> {
        self.calls_that(Call::is_create)
    }

    /// What the API changed in both worlds since a moment, as they remember it themselves.
    pub fn api_edits(&self, since: Timestamp) -> Vec<Entry> {
        let by_api = |entry: &&Entry| entry.actor == Actor::Api && entry.at >= since;
        let crm = self.wires.crm.lock().unwrap();
        let notion = self.wires.notion.lock().unwrap();
        crm.log().iter().filter(by_api).chain(notion.log().iter().filter(by_api)).cloned().collect()
    }
}
