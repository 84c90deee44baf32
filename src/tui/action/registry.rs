//! The registry itself: one line of words an action. What belongs to every page, to the overview and to conflicts stands here,
//! the rest in [`super::further`].

use std::sync::LazyLock;

use super::further::FURTHER;
use super::make::{asks, free, pick, record, risky, rule, shown, when};
use super::{Action, Risk, Scope, Spec, why};

use Action as A;
use Risk::{Acts, Local};
use Scope as S;

/// Every action, in the order of [`Action`].
pub static REGISTRY: LazyLock<Vec<&'static Spec>> = LazyLock::new(|| FIRST.iter().chain(FURTHER).collect());

static FIRST: &[Spec] = &[
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
    free(
        A::Suspend,
        "app.suspend",
        S::Global,
        "to the shell",
        "Stops the dashboard and gives you the shell; `fg` brings it back.",
    ),
    free(
        A::Theme,
        "app.theme",
        S::Global,
        "other theme",
        "Takes the next theme: colours, colours for the colour-blind, none.",
    ),
    free(
        A::Messages,
        "app.messages",
        S::Global,
        "messages",
        "Shows what this dashboard has said so far, the newest first, each with its time.",
    ),
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
    free(
        A::PageQuarantine,
        "page.quarantine",
        S::Global,
        "quarantine",
        "Opens the quarantine: records set aside after too many failures.",
    ),
    free(A::PagePairs, "page.pairs", S::Global, "pairs", "Opens the pairs: what each maps, and how it is."),
    free(A::PageHealth, "page.health", S::Global, "health", "Opens the comparison of both sides, pair by pair."),
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
        free(
            A::Order,
            "list.order",
            S::List,
            "other order",
            "Lists the rows in another order, which the heading names, and after the last in their own again.",
        ),
        why::needs_orders,
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
    asks(
        A::Approve,
        "overview.approve",
        S::Overview,
        "approve",
        "Approves the counts of a pair's first matching.",
        why::needs_review,
    ),
    asks(
        A::Override,
        "overview.override",
        S::Overview,
        "let it happen",
        "Lets a plan that a guard stopped happen once.",
        why::needs_guarded,
    ),
    free(A::Span, "overview.span", S::Overview, "other span", "Lets the graphs show 24 hours, or 15 minutes again."),
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
                "Opens an editor for a value that both sides will get; it begins with the CRM's.",
            ),
            why::needs_editable,
        ),
        Local,
    )),
    risky(
        when(
            free(
                A::EditNotions,
                "conflicts.edit_notion",
                S::Conflicts,
                "edit Notion's",
                "Opens the same editor; it begins with Notion's value.",
            ),
            why::needs_editable,
        ),
        Local,
    ),
    when(
        free(A::Skip, "conflicts.skip", S::Conflicts, "skip", "Leaves this field for later and goes on to the next."),
        why::needs_row,
    ),
    when(
        free(
            A::SkipBack,
            "conflicts.previous",
            S::Conflicts,
            "previous open one",
            "Goes back to the field before that nothing was picked for.",
        ),
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
    risky(
        when(
            free(
                A::UnpickRow,
                "conflicts.unpick_row",
                S::Conflicts,
                "unpick this row",
                "Takes this row's pick out, or those of all marked ones; the others stay.",
            ),
            why::needs_pick_here,
        ),
        Local,
    ),
    when(
        free(A::Repick, "conflicts.repick", S::Conflicts, "redo pick", "Takes back what was taken back last."),
        why::needs_redoable_pick,
    ),
    asks(
        A::Commit,
        "conflicts.commit",
        S::Conflicts,
        "commit",
        "Shows what all picks would do, and writes them after a yes.",
        why::needs_picks,
    ),
    shown(risky(
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
    )),
];
