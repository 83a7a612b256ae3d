//! What a launch takes of the configured instances, subnets and markets.

use crate::config::{self, Market};
use crate::record::Choice;

impl Choice {
    /// How primary and core are bought.
    pub fn market(self, configured: Market) -> Market {
        if self.on_demand { Market::OnDemand } else { configured }
    }

    /// What a launch with this choice takes that one with another does not, in words.
    pub fn difference(self, other: Self, cluster: &config::Cluster) -> String {
        let fleets = &cluster.fleets;
        let mut words = Vec::new();
        let named = [
            ("primary", Some(&fleets.primary)),
            ("core", Some(&fleets.core)),
            ("task", fleets.task.as_ref()),
        ];
        for (name, fleet) in named {
            let Some(fleet) = fleet else { continue };
            let (first, before) = (self.rotate(&fleet.types), other.rotate(&fleet.types));
            if let Some(first) = first.first().filter(|_| first != before) {
                words.push(format!("{name} as {first} first"));
            }
        }
        let subnets = self.subnets(&cluster.subnets);
        if subnets != other.subnets(&cluster.subnets) {
            words.push(format!("in {}", subnets.join(", ")));
        }
        let spot = [fleets.primary.market, fleets.core.market];
        if spot.into_iter().any(|market| self.market(market) != other.market(market)) {
            words.push("primary and core on demand".to_owned());
        }
        if words.is_empty() { "once, as it was".to_owned() } else { words.join(", ") }
    }

    /// Whether a launch would be the same with either choice.
    pub(crate) fn is_same_as(self, other: Self, cluster: &config::Cluster) -> bool {
        let fleets = &cluster.fleets;
        let lists = [Some(&fleets.primary), Some(&fleets.core), fleets.task.as_ref()];
        let same_types =
            lists.into_iter().flatten().all(|fleet| self.rotate(&fleet.types) == other.rotate(&fleet.types));
        let same_market = [fleets.primary.market, fleets.core.market]
            .into_iter()
            .all(|market| self.market(market) == other.market(market));
        same_types && same_market && self.subnets(&cluster.subnets) == other.subnets(&cluster.subnets)
    }
}
