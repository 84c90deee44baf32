//! What goes on in the worlds beside the engine: robots, mischief and its end, and word of every change.

use jiff::Timestamp;

use super::super::site::locked;
use super::Story;

impl Story {
    /// Robots act, and whatever else happens in the worlds.
    pub(super) fn world_goes_on(&mut self, now: Timestamp) {
        locked(&self.site.worlds.crm).pass(now);
        locked(&self.site.worlds.notion).pass(now);
        while let Some(mischief) = self.profile.mischief.get_mut(self.mischief).filter(|it| it.at <= now) {
            self.mischief += 1;
            let Some(mend) = mischief.begin(&self.site.worlds, self.office.facts(), now) else { continue };
            *self.done.entry(mischief.kind.name()).or_default() += 1;
            self.told.push(format!("{now} mischief {}", mischief.name));
            self.mends.extend(mend);
        }
        self.mend(now);
    }

    /// What has lasted long enough ends.
    pub(super) fn mend(&mut self, now: Timestamp) {
        let (due, later): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.mends).into_iter().partition(|(at, _)| *at <= now);
        self.mends = later;
        for (_, mend) in due {
            self.told.push(format!("{now} mended {mend:?}"));
            self.mends.extend(mend.mend(&self.site.worlds, now));
        }
    }

    /// Webhooks arrive.
    pub(super) async fn bring_word(&mut self, now: Timestamp) {
        self.webhooks.look(&self.site.worlds);
        let desk = self.site.running.as_ref().map(|running| running.desk.clone());
        let fuse = self.site.fuse.clone();
        tokio::select! {
            biased;
            () = fuse.burnt() => {}
            () = self.webhooks.bring(now, desk.as_deref()) => {}
        }
    }

    /// When something happens next in the worlds, as far as that is known. Webhooks come to a process that runs, and what is
    /// due while none does must not wake anybody up every millisecond until one does.
    pub(super) fn next_in_the_worlds(&self) -> Option<Timestamp> {
        let robots = [locked(&self.site.worlds.crm).next_due(), locked(&self.site.worlds.notion).next_due()];
        let mischief = self.profile.mischief.get(self.mischief).map(|it| it.at);
        let mends = self.mends.iter().map(|(at, _)| *at);
        robots.into_iter().chain([mischief]).flatten().chain(mends).min()
    }
}
