//! What there is on both sides.

use std::sync::Arc;

use crate::mapping::propose;
use crate::model::{Entity, Schema};
use crate::remote::{Offer, RemoteError, RemoteErrorKind, System};

use super::super::failure::Failure;
use super::super::table::Table;
use super::choose::Wish;

/// One side of a possible pair.
pub struct Half {
    /// What it is.
    pub offer: Offer,
    /// Its fields; none where they are not for us.
    pub schema: Option<Schema>,
}

impl Half {
    /// What people call it.
    pub fn title(&self) -> String {
        match self.offer.place.as_str() {
            "" => self.offer.title.clone(),
            place => format!("{} (in {place})", self.offer.title),
        }
    }
}

/// Everything that a pair could be made of.
pub struct Found {
    /// Kinds of CRM records.
    pub entities: Vec<Half>,
    /// Data sources.
    pub sources: Vec<Half>,
}

fn unreachable(error: &RemoteError) -> Failure {
    Failure::unreachable(error.to_string())
}

async fn half(system: &Arc<dyn System>, mut offer: Offer) -> Result<Half, Failure> {
    if offer.refused.is_some() {
        return Ok(Half { offer, schema: None });
    }
    let entity = Entity { name: offer.name.clone(), fields: Vec::new(), marker: None, filter: None };
    match system.schema(&entity).await {
        Ok(schema) => Ok(Half { offer, schema: Some(schema) }),
        Err(error) if matches!(error.kind, RemoteErrorKind::Unauthorized | RemoteErrorKind::Unavailable) => {
            Err(unreachable(&error))
        }
        Err(error) => {
            offer.refused = Some(error.to_string());
            Ok(Half { offer, schema: None })
        }
    }
}

fn dashless(id: &str) -> String {
    id.replace('-', "").to_lowercase()
}

impl Found {
    /// Looks at both sides. A data source that is wished for by its id is read even where the search does not know it yet.
    ///
    /// # Errors
    /// [`Failure`]: a system cannot be reached, or refuses us.
    pub async fn look(crm: &Arc<dyn System>, notion: &Arc<dyn System>, wished: &[Wish]) -> Result<Self, Failure> {
        let (mut entities, mut sources) = (Vec::new(), Vec::new());
        for offer in crm.offers().await.map_err(|error| unreachable(&error))? {
            entities.push(half(crm, offer).await?);
        }
        let mut offers = notion.offers().await.map_err(|error| unreachable(&error))?;
        for wish in wished.iter().filter(|wish| wish.is_id()) {
            if !offers.iter().any(|offer| dashless(&offer.name) == dashless(&wish.source)) {
                offers.push(Offer {
                    name: wish.source.clone(),
                    title: String::new(),
                    place: String::new(),
                    refused: None,
                });
            }
        }
        for offer in offers {
            let mut source = half(notion, offer).await?;
            if let Some(schema) = source.schema.as_ref().filter(|_| source.offer.title.is_empty()) {
                source.offer.title.clone_from(&schema.title);
            }
            sources.push(source);
        }
        Ok(Self { entities, sources })
    }

    /// The entity of a name, as the configuration or people have it.
    pub fn entity(&self, name: &str) -> Option<&Half> {
        let lower = name.to_lowercase();
        self.entities.iter().find(|it| it.offer.name == lower || it.offer.title.to_lowercase() == lower)
    }

    /// The data sources of an id or a title.
    pub fn sources_called(&self, text: &str) -> Vec<&Half> {
        let by_id = self.sources.iter().filter(|it| dashless(&it.offer.name) == dashless(text)).collect::<Vec<_>>();
        if !by_id.is_empty() {
            return by_id;
        }
        self.sources.iter().filter(|it| it.offer.title.to_lowercase() == text.to_lowercase()).collect()
    }

    /// Which entity and data source go together, surest first; each once.
    pub fn proposed(&self) -> Vec<(u8, &Half, &Half)> {
        let mut all = Vec::new();
        for entity in &self.entities {
            for source in &self.sources {
                let (Some(crm), Some(notion)) = (&entity.schema, &source.schema) else { continue };
                let (score, enough) = propose::likeness(&entity.offer.name, crm, notion);
                if enough {
                    all.push((score, entity, source));
                }
            }
        }
        all.sort_by_key(|(score, ..)| std::cmp::Reverse(*score));
        let mut taken: Vec<(u8, &Half, &Half)> = Vec::new();
        for (score, entity, source) in all {
            let free =
                |(_, e, s): &(u8, &Half, &Half)| e.offer.name != entity.offer.name && s.offer.name != source.offer.name;
            if taken.iter().all(free) {
                taken.push((score, entity, source));
            }
        }
        taken
    }

    /// For people.
    pub fn told(&self) -> String {
        let mut table = Table::new(&["", "what", "fields", "known as"]);
        for (side, halves) in [("CRM", &self.entities), ("Notion", &self.sources)] {
            for (at, half) in halves.iter().enumerate() {
                let number = if side == "Notion" { format!("Notion {}", at + 1) } else { side.to_owned() };
                let fields = match (&half.schema, &half.offer.refused) {
                    (Some(schema), _) => schema.fields.len().to_string(),
                    (None, why) => format!("none: {}", why.as_deref().unwrap_or("not for us")),
                };
                table.row([number, half.title(), fields, half.offer.name.clone()]);
            }
        }
        let mut text = table.to_string();
        if self.sources.is_empty() {
            text.push_str(
                "Notion shows no data source: add the connection to the databases (… menu, Connections), and wait a minute: its \
                 search is late. Or name one by `--pair deal=<data source id>`.\n",
            );
        }
        text
    }
}
