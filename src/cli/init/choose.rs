//! Which pairs, and which of their fields.

use crate::mapping::propose::{self, Proposal};
use crate::mapping::{Create, Direction};
use crate::model::Schema;

use super::super::failure::Failure;
use super::super::table::{Table, plain};
use super::super::{prompt, say};
use super::found::{Found, Half};

/// A pair that somebody asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// The kind of record.
    pub entity: String,
    /// The data source: an id, a title, or its number in the list.
    pub source: String,
}

impl Wish {
    /// Whether the data source is named by its id.
    pub fn is_id(&self) -> bool {
        let digits: Vec<char> = self.source.chars().filter(|it| *it != '-').collect();
        digits.len() == 32 && digits.iter().all(char::is_ascii_hexdigit)
    }
}

/// `deal=Projects`.
///
/// # Errors
/// [`Failure`] for anything else.
pub fn wish(text: &str) -> Result<Wish, Failure> {
    match text.split_once('=').map(|(entity, source)| (entity.trim(), source.trim())) {
        Some((entity, source)) if !entity.is_empty() && !source.is_empty() => {
            let source = crate::config::data_source_id(source).unwrap_or_else(|| source.to_owned());
            Ok(Wish { entity: entity.to_owned(), source })
        }
        _ => Err(Failure::configuration(format!(
            "`{}` is no pair; write `deal=Projects`, or `deal=` and the id of a data source",
            plain(text)
        ))),
    }
}

/// A pair as it will be configured, and the schemas that it was proposed from.
pub struct Chosen {
    /// The pair.
    pub proposal: Proposal,
    /// The CRM's fields.
    pub crm: Schema,
    /// Notion's properties.
    pub notion: Schema,
}

type Two<'a> = (&'a Half, &'a Half);

/// The halves that a wish means.
fn meant<'a>(found: &'a Found, wish: &Wish) -> Result<Two<'a>, Failure> {
    let entity = found.entity(&wish.entity).ok_or_else(|| {
        let known: Vec<&str> = found.entities.iter().map(|it| it.offer.name.as_str()).collect();
        Failure::configuration(format!(
            "there is no CRM entity `{}`; there are {}",
            plain(&wish.entity),
            known.join(", ")
        ))
    })?;
    let by_number = wish.source.parse::<usize>().ok().and_then(|at| found.sources.get(at.checked_sub(1)?));
    let sources = match by_number {
        Some(source) => vec![source],
        None => found.sources_called(&wish.source),
    };
    let source = match sources.as_slice() {
        [one] => *one,
        [] => {
            let known: Vec<String> = found.sources.iter().map(|it| plain(&it.title())).collect();
            return Err(Failure::configuration(format!(
                "Notion shows no data source `{}`; it shows {}. Add the connection to its database, or name the data source \
                 by its id",
                plain(&wish.source),
                if known.is_empty() { "none".to_owned() } else { known.join(", ") }
            )));
        }
        several => {
            let ids: Vec<&str> = several.iter().map(|it| it.offer.name.as_str()).collect();
            return Err(Failure::configuration(format!(
                "there are several data sources `{}`; name one by its id: {}",
                plain(&wish.source),
                ids.join(", ")
            )));
        }
    };
    for half in [entity, source] {
        if half.schema.is_none() {
            let why = half.offer.refused.as_deref().unwrap_or("not for us");
            return Err(Failure::unreachable(format!("{} cannot be read: {why}", plain(&half.title()))));
        }
    }
    Ok((entity, source))
}

fn once(pairs: &[Two<'_>], next: &Two<'_>) -> Result<(), Failure> {
    let same = |a: &Half, b: &Half| a.offer.name == b.offer.name;
    match pairs.iter().find(|(entity, source)| same(entity, next.0) || same(source, next.1)) {
        None => Ok(()),
        Some((entity, source)) => Err(Failure::configuration(format!(
            "{} and {} are a pair already; a kind of record and a data source belong to one pair each",
            plain(&entity.title()),
            plain(&source.title())
        ))),
    }
}

/// The pairs to configure.
///
/// # Errors
/// [`Failure`]: a wish that cannot be met, nothing to make a pair of, or nobody to ask.
pub fn pairs(found: &Found, wished: &[Wish], create: Option<&str>, yes: bool) -> Result<Vec<Chosen>, Failure> {
    let mut pairs: Vec<Two<'_>> = Vec::new();
    for wish in wished {
        let next = meant(found, wish)?;
        once(&pairs, &next)?;
        pairs.push(next);
    }
    if wished.is_empty() {
        for (score, entity, source) in found.proposed() {
            let told = format!("{} ↔ {} ({score} of 100)", plain(&entity.title()), plain(&source.title()));
            if yes || prompt::agreed(&format!("Keep {told} in step?"), true)? {
                say(&format!("Pair: {told}"));
                pairs.push((entity, source));
            }
        }
    }
    while !yes && wished.is_empty() {
        let text = prompt::line("Another pair, such as `deal=2` (empty: go on): ")?;
        if text.is_empty() {
            break;
        }
        let next = wish(&text).and_then(|wish| meant(found, &wish)).and_then(|next| once(&pairs, &next).map(|()| next));
        match next {
            Ok(next) => pairs.push(next),
            Err(failure) => say(&failure.to_string()),
        }
    }
    if pairs.is_empty() {
        return Err(Failure::refused(
            "there is no pair, so nothing was written; name one by `--pair deal=<data source>`, or begin with \
             `crosstie example`"
                .to_owned(),
        ));
    }
    // In the order of the CRM's kinds, whatever was surest.
    pairs.sort_by_key(|(entity, _)| found.entities.iter().position(|it| it.offer.name == entity.offer.name));
    let frames: Vec<_> = pairs
        .iter()
        .map(|(entity, source)| propose::frame(&name(entity), &entity.offer.name, &source.offer.name))
        .collect();
    let mut chosen = Vec::new();
    for (frame, (entity, source)) in frames.iter().zip(&pairs) {
        let (Some(crm), Some(notion)) = (&entity.schema, &source.schema) else { continue };
        let proposal = propose::fill(frame, crm, notion, &frames, create.map_or(Create::Both, super::created));
        let proposal = fields(proposal, (&entity.title(), &source.title()), create.is_none() && !yes, yes)?;
        chosen.push(Chosen { proposal, crm: crm.clone(), notion: notion.clone() });
    }
    Ok(chosen)
}

/// What a pair is called: `deals`.
fn name(entity: &Half) -> String {
    let letters = entity.offer.title.to_lowercase();
    let plain: String = letters.chars().map(|it| if it.is_ascii_alphanumeric() { it } else { '-' }).collect();
    if plain.trim_matches('-').is_empty() { entity.offer.name.clone() } else { plain }
}

/// Shows what is proposed for a pair, and takes out what is not wanted.
fn fields(
    mut proposal: Proposal,
    (crm, notion): (&str, &str),
    ask_create: bool,
    yes: bool,
) -> Result<Proposal, Failure> {
    let mut table = Table::new(&["", "sure", "CRM", "", "Notion", "note"]);
    for (at, field) in proposal.fields.iter().enumerate() {
        let way = match field.spec.direction {
            Direction::Both => "↔",
            Direction::CrmToNotion => "→",
            Direction::NotionToCrm => "←",
        };
        let mut notes: Vec<String> = field.lossy.into_iter().map(str::to_owned).collect();
        if !field.unmatched.is_empty() {
            notes.push(format!("held, without an option in Notion: {}", field.unmatched.join(", ")));
        }
        let (crm, notion) = (field.spec.crm.to_string(), field.spec.notion.to_string());
        table.row([(at + 1).to_string(), field.score.to_string(), crm, way.to_owned(), notion, notes.join("; ")]);
    }
    let mut text = format!("\n{} ↔ {}\n{table}", plain(crm), plain(notion));
    for left in &proposal.left {
        text.push_str(&format!("not mapped: {}: {}\n", plain(left.name.as_str()), plain(&left.why)));
    }
    let unused: Vec<String> = proposal.unused.iter().map(|(name, _)| name.to_string()).collect();
    if !unused.is_empty() {
        text.push_str(&format!("CRM fields without a property: {}\n", plain(&unused.join(", "))));
    }
    say(&text);
    if proposal.fields.is_empty() {
        return Err(Failure::refused(format!(
            "no field of {} has a counterpart in {}, so this is no pair; nothing was written. Name the properties like the \
             CRM's fields, or write the configuration by hand: `crosstie example`",
            plain(crm),
            plain(notion)
        )));
    }
    if !yes {
        leave_out(&mut proposal)?;
    }
    if ask_create && proposal.spec.create != Create::None {
        let default = text_of(proposal.spec.create);
        proposal.spec.create = loop {
            let question = format!(
                "Where do records without a counterpart get one? both, crm-to-notion, notion-to-crm or none [{default}]: "
            );
            let answer = prompt::line(&question)?;
            let wanted = match answer.as_str() {
                "" => proposal.spec.create,
                "both" | "crm-to-notion" | "notion-to-crm" | "none" => super::created(&answer),
                _ => continue,
            };
            // What titles do not allow is no choice.
            let possible =
                proposal.spec.create == Create::Both || wanted == proposal.spec.create || wanted == Create::None;
            if possible {
                break wanted;
            }
            say(&format!("With these fields only {default} or none is possible."));
        };
    }
    Ok(proposal)
}

/// The word of the configuration.
pub fn text_of(create: Create) -> &'static str {
    match create {
        Create::Both => "both",
        Create::CrmToNotion => "crm-to-notion",
        Create::NotionToCrm => "notion-to-crm",
        Create::None => "none",
    }
}

/// Asks for fields that are not wanted.
fn leave_out(proposal: &mut Proposal) -> Result<(), Failure> {
    let most = proposal.fields.len();
    let out = loop {
        let answer = prompt::line("Leave some out? Their numbers, such as `3 5` (empty: keep all): ")?;
        let numbers: Option<Vec<usize>> = answer
            .split([' ', ','])
            .filter(|word| !word.is_empty())
            .map(|word| word.parse().ok().filter(|at| (1..=most).contains(at)))
            .collect();
        match numbers {
            Some(numbers) if (0..most).all(|at| numbers.contains(&(at + 1))) => {
                say("That leaves none; keep one at least.")
            }
            Some(numbers) => break numbers,
            None => say(&format!("Numbers from 1 to {most}, please.")),
        }
    };
    let kept = |at: &usize| !out.contains(&(at + 1));
    let all = std::mem::take(&mut proposal.fields);
    proposal.fields = all.into_iter().enumerate().filter(|(at, _)| kept(at)).map(|(_, field)| field).collect();
    proposal.keep_fields();
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_pair_is_an_entity_and_a_data_source() {
        let pair = wish(" deal = Projects = old").unwrap();
        assert_eq!((pair.entity.as_str(), pair.source.as_str(), pair.is_id()), ("deal", "Projects = old", false));
        assert!(wish("deal=00000000-0000-4000-8000-00000000c001").unwrap().is_id());
        for wrong in ["", "deal", "=x", "deal= "] {
            assert!(wish(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_pair_or_refused(text in "\\PC{0,60}") {
            if let Ok(wish) = wish(&text) {
                prop_assert!(!wish.entity.is_empty() && !wish.source.is_empty());
                prop_assert!(!wish.entity.contains('='));
                let _ = wish.is_id();
            }
        }
    }
}
