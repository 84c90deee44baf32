//! Where notices go, as whoever sends them tells: the engine shows it and journals what changes, and sends nothing itself.

use crate::control::Sink;
use crate::model::Happening;

use super::core::Core;
use super::memory::Txn;

impl Core {
    /// Takes how the sinks do. What went wrong, and what works again, is journalled once.
    pub(super) fn take_sinks(&mut self, txn: &mut Txn, sinks: Vec<Sink>) {
        for sink in &sinks {
            let before = self.sinks.iter().find(|it| it.name == sink.name);
            let trouble = before.map_or("", |it| it.trouble.as_str());
            let note = match (trouble, sink.trouble.as_str()) {
                (before, now) if before == now => continue,
                (_, "") => format!("notices go out by {} again", sink.name),
                (_, why) if sink.off => format!("no notices go out by {} any more: {why}", sink.name),
                (_, why) => format!("notices by {} are in trouble: {why}", sink.name),
            };
            txn.events.push(self.system_event(Happening::System, note));
        }
        self.sinks = sinks;
    }
}
