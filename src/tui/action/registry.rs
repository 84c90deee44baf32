//! The registry itself: one line of words an action.

use super::{Action, Risk, Scope, Spec, why};

const fn free(action: Action, id: &'static str, scope: Scope, title: &'static str, doc: &'static str) -> Spec {
    Spec { action, id, title, doc, scope, risk: Risk::Free, footer: false, why_disabled: why::never }
}

const fn shown(spec: Spec) -> Spec {
    Spec { footer: true, ..spec }
}

const fn when(spec: Spec, why_disabled: fn(&super::Model) -> Option<String>) -> Spec {
    Spec { why_disabled, ..spec }
}

const fn risky(spec: Spec, risk: Risk) -> Spec {
    Spec { risk, ..spec }
}

/// A pick for the marked rows, or the one under the cursor.
const fn pick(action: Action, id: &'static str, title: &'static str, doc: &'static str) -> Spec {
    risky(when(free(action, id, S::Conflicts, title, doc), why::needs_decidable), Local)
}

/// A pick for one field in all marked rows.
const fn rule(action: Action, id: &'static str, title: &'static str, doc: &'static str) -> Spec {
    risky(when(free(action, id, S::Conflicts, title, doc), why::needs_rule), Local)
}

/// A pick for every field of a record.
const fn record(action: Action, id: &'static str, title: &'static str, doc: &'static str) -> Spec {
    risky(when(free(action, id, S::Conflicts, title, doc), why::needs_tie), Local)
}

use Action as A;
use Risk::{Acts, Asks, Final, Local};
use Scope as S;

/// Every action, in the order of [`Action`].
pub static REGISTRY: &[Spec] = &[
    shown(free(A::Quit, "app.quit", S::Global, "quit", "Leaves the dashboard.")),
    shown(free(A::Help, "app.help", S::Global, "help", "Shows every key of this page and what it does.")),
    free(A::Palette, "app.palette", S::Global, "every action", "Finds any action by a few letters of its name."),
    free(
        A::Back,
        "app.back",
        S::Global,
        "back",
        "Leaves the innermost thing: message, detail, marks, filter. Never quits.",
    ),
    free(
        A::Freeze,
        "app.freeze",
        S::Global,
        "stand still",
        "Lets the display stand still, and go on; the sync never stops.",
    ),
    free(
        A::ReadOnly,
        "app.read_only",
        S::Global,
        "read-only",
        "Lets nothing leave this dashboard that changes either system, and ends that.",
    ),
    free(A::Refresh, "app.refresh", S::Global, "look now", "Asks the engine to look at both systems now."),
    free(A::Redraw, "app.redraw", S::Global, "redraw", "Paints the whole screen again."),
    free(A::PageOverview, "page.overview", S::Global, "overview", "Opens the overview."),
    free(A::PageConflicts, "page.conflicts", S::Global, "conflicts", "Opens the conflicts and other holds."),
    free(A::PageOrphans, "page.orphans", S::Global, "orphans", "Opens the orphans: records without a counterpart."),
    free(A::PageRelations, "page.relations", S::Global, "relations", "Opens the edges between contacts and projects."),
    free(A::PageQueue, "page.queue", S::Global, "queue", "Opens the queue: what is about to be written."),
    free(
        A::PageJournal,
        "page.journal",
        S::Global,
        "journal",
        "Opens the journal: what was seen, decided and written.",
    ),
    free(A::PageNext, "page.next", S::Global, "next page", "Opens the next page."),
    free(A::PagePrevious, "page.previous", S::Global, "previous page", "Opens the previous page."),
    free(A::Down, "list.down", S::List, "down", "Moves the cursor down."),
    free(A::Up, "list.up", S::List, "up", "Moves the cursor up."),
    free(A::HalfDown, "list.half_down", S::List, "half page down", "Moves the cursor half a page down."),
    free(A::HalfUp, "list.half_up", S::List, "half page up", "Moves the cursor half a page up."),
    free(A::ScreenDown, "list.page_down", S::List, "page down", "Moves the cursor a page down."),
    free(A::ScreenUp, "list.page_up", S::List, "page up", "Moves the cursor a page up."),
    free(A::Top, "list.top", S::List, "top", "Moves the cursor to the first row."),
    free(A::Bottom, "list.bottom", S::List, "bottom", "Moves the cursor to the last row."),
    shown(when(
        free(A::Filter, "list.filter", S::List, "filter", "Shows only rows that contain a text; escape clears it."),
        why::needs_list,
    )),
    when(
        free(A::Open, "list.open", S::List, "detail", "Gives the row's detail the whole page, and back."),
        why::needs_row,
    ),
    free(A::DetailDown, "list.detail_down", S::List, "detail down", "Scrolls the detail down."),
    free(A::DetailUp, "list.detail_up", S::List, "detail up", "Scrolls the detail up."),
    when(
        free(
            A::NextMatch,
            "list.next_match",
            S::List,
            "next match",
            "Goes to the next row that the filter's text is in.",
        ),
        why::needs_list,
    ),
    when(
        free(A::PreviousMatch, "list.previous_match", S::List, "previous match", "Goes to the row before that has it."),
        why::needs_list,
    ),
    when(
        free(A::Mark, "list.mark", S::List, "mark", "Marks or unmarks the row and goes on to the next."),
        why::needs_markable,
    ),
    when(
        free(A::Range, "list.range", S::List, "range", "Begins a range of marks; the same key ends it."),
        why::needs_markable,
    ),
    when(
        free(A::MarkAll, "list.mark_all", S::List, "mark all", "Marks every row that the filter lets through."),
        why::needs_markable,
    ),
    when(free(A::Unmark, "list.unmark", S::List, "unmark all", "Removes all marks."), why::needs_marks),
    when(
        free(A::Copy, "list.copy", S::List, "copy", "Copies the row as text to your clipboard, through the terminal."),
        why::needs_row,
    ),
    shown(risky(
        when(
            free(
                A::Approve,
                "overview.approve",
                S::Overview,
                "approve",
                "Approves the counts of a pair's first matching.",
            ),
            why::needs_review,
        ),
        Asks,
    )),
    shown(risky(
        when(
            free(
                A::Override,
                "overview.override",
                S::Overview,
                "let it happen",
                "Lets a plan that a guard stopped happen once.",
            ),
            why::needs_guarded,
        ),
        Asks,
    )),
    shown(pick(
        A::ForceCrm,
        "conflicts.force_crm",
        "take CRM",
        "Picks the CRM's value, for this field or all marked ones.",
    )),
    shown(pick(
        A::ForceNotion,
        "conflicts.force_notion",
        "take Notion",
        "Picks Notion's value, for this field or all marked ones.",
    )),
    pick(A::KeepBase, "conflicts.keep_base", "keep the base", "Picks what the two last agreed on, over both values."),
    pick(A::Keep, "conflicts.keep", "keep both", "Picks to leave both values as they are until one of them moves."),
    shown(risky(
        when(
            free(
                A::Edit,
                "conflicts.edit",
                S::Conflicts,
                "edit a merge",
                "Opens an editor for a value that both sides will get.",
            ),
            why::needs_one_decidable,
        ),
        Local,
    )),
    when(
        free(A::Skip, "conflicts.skip", S::Conflicts, "skip", "Leaves this field for later and goes on to the next."),
        why::needs_row,
    ),
    rule(
        A::RuleCrm,
        "conflicts.rule_crm",
        "rule: CRM",
        "For this row's field in all marked rows: picks the CRM's value.",
    ),
    rule(
        A::RuleNotion,
        "conflicts.rule_notion",
        "rule: Notion",
        "For this row's field in all marked rows: picks Notion's value.",
    ),
    rule(A::RuleBase, "conflicts.rule_base", "rule: base", "For this row's field in all marked rows: picks the base."),
    rule(
        A::RuleKeep,
        "conflicts.rule_keep",
        "rule: keep both",
        "For this row's field in all marked rows: picks to keep both.",
    ),
    record(
        A::RecordCrm,
        "conflicts.record_crm",
        "record: CRM",
        "Picks the CRM's values for every field of this record.",
    ),
    record(
        A::RecordNotion,
        "conflicts.record_notion",
        "record: Notion",
        "Picks Notion's values for every field of this record.",
    ),
    record(
        A::RecordKeep,
        "conflicts.record_keep",
        "record: keep",
        "Picks to leave every field of this record as it is.",
    ),
    when(
        free(A::Unpick, "conflicts.unpick", S::Conflicts, "undo pick", "Takes the last pick back."),
        why::needs_undoable_pick,
    ),
    when(
        free(A::Repick, "conflicts.repick", S::Conflicts, "redo pick", "Takes back what was taken back last."),
        why::needs_redoable_pick,
    ),
    shown(risky(
        when(
            free(
                A::Commit,
                "conflicts.commit",
                S::Conflicts,
                "commit",
                "Shows what all picks would do, and writes them after a yes.",
            ),
            why::needs_picks,
        ),
        Asks,
    )),
    risky(
        when(
            free(
                A::Retry,
                "conflicts.retry",
                S::Conflicts,
                "try again",
                "Tries what a side refused or what is quarantined again: this row, or all marked ones.",
            ),
            why::needs_retryable,
        ),
        Acts,
    ),
    shown(risky(
        when(
            free(
                A::OrphanLink,
                "orphans.link",
                S::Orphans,
                "link to",
                "Chooses the counterpart: a suggested record, or one that you search.",
            ),
            why::needs_orphan,
        ),
        Asks,
    )),
    shown(risky(
        when(
            free(
                A::OrphanCreate,
                "orphans.create",
                S::Orphans,
                "create it",
                "Creates the counterpart on the other side.",
            ),
            why::needs_creatable,
        ),
        Final,
    )),
    shown(risky(
        when(
            free(
                A::OrphanIgnore,
                "orphans.ignore",
                S::Orphans,
                "ignore",
                "Shows this orphan, or all marked ones, no more.",
            ),
            why::needs_orphan,
        ),
        Asks,
    )),
    shown(risky(
        when(
            free(A::Unlink, "relations.unlink", S::Relations, "unlink", "Takes this edge away on both sides."),
            why::needs_edge,
        ),
        Asks,
    )),
    shown(risky(
        when(
            free(
                A::LinkMore,
                "relations.link",
                S::Relations,
                "link one more",
                "Chooses a record to link to this row's owner.",
            ),
            why::needs_owner,
        ),
        Asks,
    )),
    shown(risky(
        free(
            A::LinkNew,
            "relations.link_new",
            S::Relations,
            "new link",
            "Chooses an owner (a project), then what to link to it (a contact).",
        ),
        Asks,
    )),
    when(
        free(
            A::QueueConflicts,
            "queue.conflicts",
            S::Queue,
            "its holds",
            "Opens the holds of this operation's record.",
        ),
        why::needs_row,
    ),
    shown(risky(
        when(
            free(
                A::JournalUndo,
                "journal.undo",
                S::Journal,
                "undo this write",
                "Gives the written side its old value back, if nobody has touched it since; the field is then held.",
            ),
            why::needs_undoable,
        ),
        Asks,
    )),
    risky(
        when(
            free(
                A::JournalUndoBoth,
                "journal.undo_both",
                S::Journal,
                "undo, both sides",
                "Gives both sides the old value back: the edit that led to the write is taken back too.",
            ),
            why::needs_undoable,
        ),
        Asks,
    ),
    when(
        free(
            A::JournalRecord,
            "journal.record",
            S::Journal,
            "this record only",
            "Filters the journal by this line's record.",
        ),
        why::needs_row,
    ),
    shown(free(A::ConfirmCancel, "confirm.cancel", S::Confirm, "cancel", "Goes back; nothing happens.")),
    shown(risky(free(A::ConfirmYes, "confirm.yes", S::Confirm, "yes, do it", "Does what the popup says."), Asks)),
    free(A::ConfirmSwitch, "confirm.switch", S::Confirm, "other button", "Goes to the other button."),
    risky(
        shown(free(
            A::ConfirmPress,
            "confirm.press",
            S::Confirm,
            "chosen button",
            "Presses the chosen button; at first that is cancel.",
        )),
        Asks,
    ),
    free(A::ConfirmDown, "confirm.down", S::Confirm, "down", "Scrolls the popup down."),
    free(A::ConfirmUp, "confirm.up", S::Confirm, "up", "Scrolls the popup up."),
    shown(risky(
        free(
            A::EditUse,
            "edit.use",
            S::Edit,
            "use this value",
            "Picks the text for both sides; nothing is written before you commit.",
        ),
        Local,
    )),
    shown(free(A::EditCancel, "edit.cancel", S::Edit, "cancel", "Goes back; the text waits here until you leave.")),
    shown(free(A::EditCrm, "edit.take_crm", S::Edit, "CRM's text", "Replaces the text by the CRM's value.")),
    shown(free(A::EditNotion, "edit.take_notion", S::Edit, "Notion's text", "Replaces the text by Notion's value.")),
    free(A::EditBase, "edit.take_base", S::Edit, "base's text", "Replaces the text by the last agreed value."),
    when(
        free(A::EditOption, "edit.next_option", S::Edit, "next option", "Replaces the text by the next option."),
        why::needs_options,
    ),
    shown(free(A::SearchAccept, "search.accept", S::Search, "take it", "Takes the filter, or the row of the list.")),
    shown(free(A::SearchCancel, "search.cancel", S::Search, "cancel", "Goes back.")),
    free(A::SearchDown, "search.down", S::Search, "down", "Moves down in the list."),
    free(A::SearchUp, "search.up", S::Search, "up", "Moves up in the list."),
    free(A::SearchClear, "search.clear", S::Search, "clear", "Empties the text."),
    when(
        free(A::SearchSource, "search.source", S::Search, "next pair", "Searches the records of the next pair."),
        why::needs_sources,
    ),
    shown(free(A::HelpClose, "help.close", S::Help, "close", "Goes back.")),
    shown(free(A::HelpDown, "help.down", S::Help, "down", "Scrolls down.")),
    free(A::HelpUp, "help.up", S::Help, "up", "Scrolls up."),
    free(A::HelpScreenDown, "help.page_down", S::Help, "page down", "Scrolls a page down."),
    free(A::HelpScreenUp, "help.page_up", S::Help, "page up", "Scrolls a page up."),
];
