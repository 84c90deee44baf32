//! Options of both sides: which CRM option is which Notion option.

use std::collections::{BTreeMap, BTreeSet};

use super::remembered::Paired;
use super::{FieldSpec, Unmapped, near};
use crate::model::{FieldInfo, Kind, OptionInfo};

/// The correspondence of options, worked out once from the configuration and both schemas.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Choices {
    /// CRM option id to the Notion option's name.
    names: BTreeMap<String, String>,
    /// Folded name to the CRM options with that name.
    ids: BTreeMap<String, BTreeSet<String>>,
    /// CRM option id to its label, for messages and typed values.
    labels: BTreeMap<String, String>,
    /// Folded Notion name to the name as Notion spells it.
    notion: BTreeMap<String, String>,
}

/// The form in which labels are compared.
pub(super) fn fold(label: &str) -> String {
    label.trim().to_lowercase()
}

impl Choices {
    /// Explicit values first, then equal labels, then, unless the property is a status, the CRM's own label: Notion
    /// creates a select option that it does not know, if the field says so, and refuses a status that it does not know.
    ///
    /// # Errors
    /// `(what, mend)` for each entry of `values` that names something that does not exist.
    pub(super) fn compile(
        spec: &FieldSpec,
        crm: &FieldInfo,
        notion: &FieldInfo,
        notion_kind: Kind,
        before: Option<&BTreeMap<String, Paired>>,
    ) -> Result<Self, Vec<(String, String)>> {
        let mut choices = Self::default();
        let mut problems = Vec::new();
        if spec.create_options && !matches!(notion_kind, Kind::Select | Kind::MultiSelect) {
            let mend = if notion_kind == Kind::Status {
                "remove `create_options`, and add the options to the status in Notion: a status cannot be extended from outside"
            } else {
                "remove `create_options`"
            };
            problems.push((
                format!(
                    "it has `create_options`, and `{}` is {}, whose options are not created",
                    spec.notion,
                    notion_kind.as_str()
                ),
                mend.to_owned(),
            ));
        }
        for option in &notion.options {
            choices.notion.insert(fold(&option.label), option.id.clone());
        }
        for option in &crm.options {
            choices.labels.insert(option.id.clone(), option.label.clone());
        }
        // What a CRM option corresponded to before one of the two was renamed.
        let followed = |crm: &str, configured: Option<&String>| {
            let before = before?.get(crm).filter(|before| before.configured.as_ref() == configured)?;
            let kept = notion.options.iter().find(|option| option.stable.as_ref() == Some(&before.option))?;
            Some(kept.id.clone())
        };
        for (key, name) in &spec.values {
            let names = |option: &OptionInfo| {
                option.id == *key || (fold(&option.label) == fold(key) && !spec.values.contains_key(&option.id))
            };
            let named = || crm.options.iter().filter(|option| names(option)).map(|option| option.id.as_str());
            let known = choices.notion.get(&fold(name)).cloned();
            let known = known.or_else(|| named().chain([key.as_str()]).find_map(|crm| followed(crm, Some(name))));
            if known.is_none() && notion_kind == Kind::Status {
                let hint = near::hint(name, notion.options.iter().map(|option| option.label.as_str()));
                problems.push((
                    format!("the status `{}` has no option `{name}`{hint}", spec.notion),
                    "add the option to the status in Notion (a status cannot be extended from outside), or name one \
                     that exists"
                        .to_owned(),
                ));
            }
            let name = known.unwrap_or_else(|| name.clone());
            let mut matched = false;
            for option in crm.options.iter().filter(|option| names(option)) {
                choices.names.insert(option.id.clone(), name.clone());
                matched = true;
            }
            if !matched && crm.options.is_empty() {
                choices.names.insert(key.clone(), name);
            } else if !matched {
                let known = crm.options.iter().flat_map(|option| [option.id.as_str(), option.label.as_str()]);
                problems.push((
                    format!("`{}` has no option `{key}` in the CRM{}", spec.crm, near::hint(key, known)),
                    "use the option's id or its label as the CRM shows it, or remove the line".to_owned(),
                ));
            }
        }
        for option in &crm.options {
            if choices.names.contains_key(&option.id) {
                continue;
            }
            if let Some(name) = choices.notion.get(&fold(&option.label)) {
                choices.names.insert(option.id.clone(), name.clone());
            } else if let Some(name) = followed(&option.id, None) {
                choices.names.insert(option.id.clone(), name);
            } else if notion_kind != Kind::Status {
                choices.names.insert(option.id.clone(), option.label.clone());
            }
        }
        for (id, name) in &choices.names {
            choices.ids.entry(fold(name)).or_default().insert(id.clone());
        }
        if problems.is_empty() { Ok(choices) } else { Err(problems) }
    }

    /// CRM options and the names of the Notion options that they are.
    pub(super) fn names(&self) -> impl Iterator<Item = (&String, &String)> {
        self.names.iter()
    }

    /// The common name of a CRM option.
    pub(super) fn name_of(&self, spec: &FieldSpec, id: &str) -> Result<String, Unmapped> {
        self.names.get(id).cloned().ok_or_else(|| match self.labels.get(id) {
            Some(label) => Unmapped::because(format!(
                "the CRM option `{id}` ({label}) has no status `{label}` in Notion; add `{id} = \"...\"` under values \
                 of {}, or add the status in Notion",
                spec.crm
            )),
            None => Unmapped::because(format!(
                "the CRM holds the option `{id}`, which is not among the options of {}; add `{id} = \"...\"` under \
                 values of {0} if it should have a name in Notion",
                spec.crm
            )),
        })
    }

    /// The CRM option of a common name. Where several have that name, one of `current` stays; otherwise it is refused.
    pub(super) fn id_of(&self, spec: &FieldSpec, name: &str, current: &BTreeSet<String>) -> Result<String, Unmapped> {
        let none = BTreeSet::new();
        let ids = self.ids.get(&fold(name)).unwrap_or(&none);
        let kept = ids.iter().find(|id| current.contains(*id));
        match (kept, ids.first(), ids.len()) {
            (Some(id), _, _) | (None, Some(id), 1) => Ok(id.clone()),
            (None, None, _) => Err(Unmapped::because(format!(
                "the CRM has no option for `{name}`; add `<CRM option> = \"{name}\"` under values of {}, or add an \
                 option with that label in the CRM",
                spec.crm
            ))),
            _ => Err(Unmapped::because(format!(
                "`{name}` stands for several CRM options ({}), and none of them is set now; give each its own name \
                 under values of {}",
                ids.iter().map(String::as_str).collect::<Vec<_>>().join(", "),
                spec.crm
            ))),
        }
    }

    /// Options that a value of the CRM would need and Notion does not have.
    pub(super) fn missing(&self) -> impl Iterator<Item = &str> {
        self.names.values().filter(|name| !self.notion.contains_key(&fold(name))).map(String::as_str)
    }

    /// Notion's spelling of a common name. A select may take a name it does not have yet, if the field may create options
    /// and the CRM or the configuration knows it: Notion then creates the option. A status may not.
    pub(super) fn notion_name(
        &self,
        spec: &FieldSpec,
        name: &str,
        kind: Kind,
        current: &BTreeSet<String>,
    ) -> Result<String, Unmapped> {
        if current.contains(name) {
            return Ok(name.to_owned());
        }
        match (self.notion.get(&fold(name)), self.ids.contains_key(&fold(name))) {
            (Some(known), _) => Ok(known.clone()),
            (None, true) if spec.create_options && kind != Kind::Status => Ok(name.to_owned()),
            (None, known) => Err(Unmapped::because(format!(
                "`{}` has no option `{name}` in Notion; add it there, {}or name another one under values of {}",
                spec.notion,
                if known && kind != Kind::Status {
                    "let this field create it with `create_options = true`, "
                } else {
                    ""
                },
                spec.crm
            ))),
        }
    }

    /// A CRM option as people should read it: its common name, else its label, else its id.
    pub(super) fn told(&self, id: &str) -> String {
        self.names.get(id).or_else(|| self.labels.get(id)).cloned().unwrap_or_else(|| id.to_owned())
    }

    /// The common name that somebody typed, as it is spelled.
    pub(super) fn typed(&self, text: &str) -> Result<String, String> {
        let wanted = fold(text);
        let mut names: BTreeMap<String, &str> = BTreeMap::new();
        names.extend(self.names.values().map(|name| (fold(name), name.as_str())));
        names.extend(self.notion.values().map(|name| (fold(name), name.as_str())));
        match names.get(&wanted) {
            Some(name) => Ok((*name).to_owned()),
            None => {
                let hint = near::hint(text.trim(), names.values().copied());
                Err(format!(
                    "there is no option `{}`{}; the options are {}",
                    text.trim(),
                    hint.trim_end_matches('?'),
                    names.values().copied().collect::<Vec<_>>().join(", ")
                ))
            }
        }
    }
}
