//! The registry, second part: orphans, relations, queue, journal, quarantine, pairs, and what opens over a page.

use super::make::{asks, free, risky, shown, when};
use super::{Action, Risk, Scope, Spec, why};

use Action as A;
use Risk::{Acts, Asks, Final, Local};
use Scope as S;

/// What comes after the conflicts, in the order of [`Action`].
pub(super) static FURTHER: &[Spec] = &[
    asks(
        A::OrphanLink,
        "orphans.link",
        S::Orphans,
        "link to",
        "Chooses the counterpart: a suggested record, or one that you search.",
        why::needs_orphan,
    ),
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
    asks(
        A::OrphanIgnore,
        "orphans.ignore",
        S::Orphans,
        "ignore",
        "Shows this orphan, or all marked ones, no more.",
        why::needs_unignored,
    ),
    shown(free(
        A::OrphanShowIgnored,
        "orphans.show_ignored",
        S::Orphans,
        "show ignored",
        "Shows those too that were ignored, and hides them again.",
    )),
    shown(risky(
        when(
            free(
                A::OrphanUnignore,
                "orphans.unignore",
                S::Orphans,
                "no longer ignore",
                "Takes the ignoring of this record, or of all marked ones, back: it is looked at again.",
            ),
            why::needs_ignored,
        ),
        Acts,
    )),
    asks(A::Unlink, "relations.unlink", S::Relations, "unlink", "Takes this edge away on both sides.", why::needs_edge),
    asks(
        A::LinkMore,
        "relations.link",
        S::Relations,
        "link one more",
        "Chooses a record to link to this owner, by a few letters, and its role where there are several.",
        why::needs_owner,
    ),
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
    asks(
        A::ChangeRole,
        "relations.role",
        S::Relations,
        "change role",
        "Gives this record another role for its owner: one of the pair's other relations.",
        why::needs_other_role,
    ),
    shown(when(
        free(A::ToLinks, "relations.links", S::Relations, "its links", "Goes to the links of this owner."),
        why::needs_owners_column,
    )),
    shown(when(
        free(A::ToOwners, "relations.owners", S::Relations, "owners", "Goes back to the owners."),
        why::needs_links_column,
    )),
    asks(
        A::Hasten,
        "queue.hasten",
        S::Queue,
        "send it now",
        "Ends this operation's waiting: it goes next.",
        why::needs_planned,
    ),
    asks(
        A::Park,
        "queue.park",
        S::Queue,
        "hold it back",
        "Writes nothing of this record until somebody lets it go.",
        why::needs_planned,
    ),
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
    asks(
        A::JournalUndo,
        "journal.undo",
        S::Journal,
        "undo",
        "Takes back the write this line is about (or those of all marked lines), if nobody has touched it since (the field is then held), or the tie it tells of.",
        why::needs_undoable,
    ),
    risky(
        when(
            free(
                A::JournalUndoBoth,
                "journal.undo_both",
                S::Journal,
                "undo, both sides",
                "Gives both sides the old value back, of this line or all marked ones: the edit that led to the write is taken back too.",
            ),
            why::needs_undoable,
        ),
        Asks,
    ),
    shown(free(
        A::JournalSpan,
        "journal.span",
        S::Journal,
        "time span",
        "Shows the last quarter of an hour, hour, day, week or 30 days, or all.",
    )),
    when(
        free(
            A::JournalBack,
            "journal.back",
            S::Journal,
            "further back",
            "Looks through older lines for what is searched; after the oldest, through the newest again.",
        ),
        why::needs_more_lines,
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
    shown(risky(
        when(
            free(
                A::QuarantineRetry,
                "quarantine.retry",
                S::Quarantine,
                "try again",
                "Tries this record again now, although nothing about it has changed.",
            ),
            why::needs_quarantined,
        ),
        Acts,
    )),
    asks(
        A::Pause,
        "pairs.pause",
        S::Pairs,
        "pause",
        "Stops the writes of this pair until somebody resumes it; both sides are still observed.",
        why::needs_running,
    ),
    asks(A::Resume, "pairs.resume", S::Pairs, "resume", "Lets this pair be written again.", why::needs_paused),
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
    free(A::ConfirmScreenDown, "confirm.page_down", S::Confirm, "page down", "Scrolls the popup a page down."),
    free(A::ConfirmScreenUp, "confirm.page_up", S::Confirm, "page up", "Scrolls the popup a page up."),
    free(A::ConfirmTop, "confirm.top", S::Confirm, "top", "Scrolls the popup to its first line."),
    free(A::ConfirmBottom, "confirm.bottom", S::Confirm, "bottom", "Scrolls the popup to its last line."),
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
    shown(free(
        A::EditInsertCrm,
        "edit.insert_crm",
        S::Edit,
        "insert CRM's",
        "Puts the CRM's value in at the caret; the rest of the text stays.",
    )),
    shown(free(
        A::EditInsertNotion,
        "edit.insert_notion",
        S::Edit,
        "insert Notion's",
        "Puts Notion's value in at the caret; the rest of the text stays.",
    )),
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
    free(A::HelpTop, "help.top", S::Help, "top", "Scrolls to the first line."),
    free(A::HelpBottom, "help.bottom", S::Help, "bottom", "Scrolls to the last line."),
    shown(free(
        A::HelpSearch,
        "help.search",
        S::Help,
        "search",
        "Shows only what a text is found in: a name, a key, what it does.",
    )),
];
