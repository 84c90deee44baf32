//! How entries of the registry are made.

use super::{Action, Risk, Scope, Spec, why};
use crate::tui::model::Model;

use Scope as S;

pub(super) const fn free(
    action: Action,
    id: &'static str,
    scope: Scope,
    title: &'static str,
    doc: &'static str,
) -> Spec {
    Spec { action, id, title, doc, scope, risk: Risk::Free, footer: false, why_disabled: why::never }
}

pub(super) const fn shown(spec: Spec) -> Spec {
    Spec { footer: true, ..spec }
}

pub(super) const fn when(spec: Spec, why_disabled: fn(&Model) -> Option<String>) -> Spec {
    Spec { why_disabled, ..spec }
}

pub(super) const fn risky(spec: Spec, risk: Risk) -> Spec {
    Spec { risk, ..spec }
}

/// A pick for the marked rows, or the one under the cursor.
pub(super) const fn pick(action: Action, id: &'static str, title: &'static str, doc: &'static str) -> Spec {
    risky(when(free(action, id, S::Conflicts, title, doc), why::needs_decidable), Risk::Local)
}

/// A pick for one field in all marked rows.
pub(super) const fn rule(action: Action, id: &'static str, title: &'static str, doc: &'static str) -> Spec {
    risky(when(free(action, id, S::Conflicts, title, doc), why::needs_rule), Risk::Local)
}

/// A pick for every field of a record.
pub(super) const fn record(action: Action, id: &'static str, title: &'static str, doc: &'static str) -> Spec {
    risky(when(free(action, id, S::Conflicts, title, doc), why::needs_tie), Risk::Local)
}

/// Something that leads to a question, and stands in the footer.
pub(super) const fn asks(
    action: Action,
    id: &'static str,
    scope: Scope,
    title: &'static str,
    doc: &'static str,
    why_disabled: fn(&Model) -> Option<String>,
) -> Spec {
    shown(risky(when(free(action, id, scope, title, doc), why_disabled), Risk::Asks))
}
