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

use Action as A;
use Risk::{Asks, Final};
use Scope as S;

/// Every action, in the order of [`Action`].
pub static REGISTRY: &[Spec] = &[
    shown(free(A::Quit, "app.quit", S::Global, "quit", "Leaves the dashboard.")),
    shown(free(A::Help, "app.help", S::Global, "help", "Shows every key of this page and what it does.")),
    free(
        A::Back,
        "app.back",
        S::Global,
        "back",
        "Leaves the innermost thing: message, detail, marks, filter. Never quits.",
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
        free(A::Mark, "list.mark", S::List, "mark", "Marks or unmarks the row and goes on to the next."),
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
    shown(risky(
        when(
            free(
                A::ForceCrm,
                "conflicts.force_crm",
                S::Conflicts,
                "CRM wins",
                "The CRM's value wins, for this field or all marked ones.",
            ),
            why::needs_decidable,
        ),
        Asks,
    )),
    shown(risky(
        when(
            free(
                A::ForceNotion,
                "conflicts.force_notion",
                S::Conflicts,
                "Notion wins",
                "Notion's value wins, for this field or all marked ones.",
            ),
            why::needs_decidable,
        ),
        Asks,
    )),
    risky(
        when(
            free(
                A::Keep,
                "conflicts.keep",
                S::Conflicts,
                "keep both",
                "Leaves both values as they are until one of them moves.",
            ),
            why::needs_decidable,
        ),
        Asks,
    ),
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
        Asks,
    )),
    risky(
        when(
            free(
                A::RecordCrm,
                "conflicts.record_crm",
                S::Conflicts,
                "record: CRM",
                "The CRM's values win for every held field of this record.",
            ),
            why::needs_tie,
        ),
        Asks,
    ),
    risky(
        when(
            free(
                A::RecordNotion,
                "conflicts.record_notion",
                S::Conflicts,
                "record: Notion",
                "Notion's values win for every held field of this record.",
            ),
            why::needs_tie,
        ),
        Asks,
    ),
    risky(
        when(
            free(
                A::RecordKeep,
                "conflicts.record_keep",
                S::Conflicts,
                "record: keep",
                "Leaves every held field of this record as it is.",
            ),
            why::needs_tie,
        ),
        Asks,
    ),
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
        free(A::EditUse, "edit.use", S::Edit, "use this value", "Takes the text; a popup asks before it is written."),
        Asks,
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
