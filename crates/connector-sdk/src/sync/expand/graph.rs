//! Which entitlement brings which: the graph that grant expansion walks.
//!
//! Start at [`Graph::add`], then [`Graph::plan`]. An edge `S -> D` says that every holder of S gets D. Cycles become one
//! node, so the walk always ends. Nothing is stored here; the graph is as large as the number of expandable grants.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use petgraph::Direction;
use petgraph::algo::tarjan_scc;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;

/// Under which conditions a holder of the source gets the destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Edge {
    /// Only grants that are direct on the source count.
    pub(super) shallow: bool,
    /// Only principals of these types count; all when empty.
    pub(super) resource_types: BTreeSet<String>,
}

impl Edge {
    /// The edge that lets through whatever either of the two does.
    fn widen(&mut self, other: Self) {
        self.shallow &= other.shallow;
        if self.resource_types.is_empty() || other.resource_types.is_empty() {
            self.resource_types.clear();
        } else {
            self.resource_types.extend(other.resource_types);
        }
    }
}

/// The graph while it is being loaded.
#[derive(Debug, Default)]
pub(super) struct Graph {
    graph: DiGraph<String, Edge>,
    nodes: HashMap<String, NodeIndex>,
}

/// The order in which to expand.
#[derive(Debug)]
pub(super) struct Plan {
    /// Every destination after everything that it gets holders from.
    pub(super) steps: Vec<Step>,
    /// Entitlements that lead to each other, one list per cycle.
    pub(super) cycles: Vec<Vec<String>>,
    /// The number of edges on the longest way.
    pub(super) depth: usize,
}

/// Destinations and where their new holders come from.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Step {
    /// One entitlement, or all those of a cycle.
    pub(super) destinations: Vec<String>,
    /// Source entitlements with their conditions, in the order of their ids.
    pub(super) sources: Vec<(String, Edge)>,
}

impl Graph {
    /// Adds an edge, or widens the one that is there.
    pub(super) fn add(&mut self, source: &str, destination: &str, edge: Edge) {
        let source = self.node(source);
        let destination = self.node(destination);
        let known = self.graph.find_edge(source, destination);
        match known.and_then(|known| self.graph.edge_weight_mut(known)) {
            Some(known) => known.widen(edge),
            None => {
                self.graph.add_edge(source, destination, edge);
            }
        }
    }

    /// The number of edges.
    pub(super) fn edges(&self) -> usize {
        self.graph.edge_count()
    }

    /// The order in which to expand. Linear in the size of the graph.
    pub(super) fn plan(&self) -> Plan {
        let mut components = tarjan_scc(&self.graph);
        components.reverse();
        let mut component_of = vec![0; self.graph.node_count()];
        for (number, members) in components.iter().enumerate() {
            for member in members {
                if let Some(slot) = component_of.get_mut(member.index()) {
                    *slot = number;
                }
            }
        }
        let component = |node: NodeIndex| component_of.get(node.index()).copied().unwrap_or_default();

        let mut plan = Plan { steps: Vec::new(), cycles: Vec::new(), depth: 0 };
        let mut depths = vec![0_usize; components.len()];
        for (number, members) in components.iter().enumerate() {
            if members.len() > 1 {
                plan.cycles.push(self.names(members));
            }
            let mut incoming: BTreeMap<usize, Edge> = BTreeMap::new();
            for edge in members
                .iter()
                .flat_map(|member| self.graph.edges_directed(*member, Direction::Incoming))
                .filter(|edge| component(edge.source()) != number)
            {
                incoming
                    .entry(component(edge.source()))
                    .and_modify(|known| known.widen(edge.weight().clone()))
                    .or_insert_with(|| edge.weight().clone());
            }
            let deepest = incoming.keys().filter_map(|source| depths.get(*source)).max();
            let depth = deepest.map_or(0, |depth| depth + 1);
            if let Some(slot) = depths.get_mut(number) {
                *slot = depth;
            }
            plan.depth = plan.depth.max(depth);
            if !incoming.is_empty() {
                plan.steps.push(self.step(members, &components, incoming));
            }
        }
        plan
    }

    fn step(&self, members: &[NodeIndex], components: &[Vec<NodeIndex>], incoming: BTreeMap<usize, Edge>) -> Step {
        let mut sources: Vec<(String, Edge)> = incoming
            .into_iter()
            .filter_map(|(source, edge)| components.get(source).map(|nodes| (nodes, edge)))
            .flat_map(|(nodes, edge)| self.names(nodes).into_iter().map(move |name| (name, edge.clone())))
            .collect();
        sources.sort_by(|a, b| a.0.cmp(&b.0));
        Step { destinations: self.names(members), sources }
    }

    fn names(&self, nodes: &[NodeIndex]) -> Vec<String> {
        let mut names: Vec<String> = nodes.iter().filter_map(|node| self.graph.node_weight(*node).cloned()).collect();
        names.sort();
        names
    }

    fn node(&mut self, entitlement_id: &str) -> NodeIndex {
        if let Some(node) = self.nodes.get(entitlement_id) {
            return *node;
        }
        let node = self.graph.add_node(entitlement_id.to_owned());
        self.nodes.insert(entitlement_id.to_owned(), node);
        node
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edge(shallow: bool, types: &[&str]) -> Edge {
        Edge { shallow, resource_types: types.iter().map(|name| (*name).to_owned()).collect() }
    }

    fn plan(edges: &[(&str, &str)]) -> Plan {
        let mut graph = Graph::default();
        for (source, destination) in edges {
            graph.add(source, destination, edge(false, &[]));
        }
        graph.plan()
    }

    /// Each step as `sources>destinations`.
    fn text(plan: &Plan) -> Vec<String> {
        plan.steps
            .iter()
            .map(|step| {
                let sources: Vec<&str> = step.sources.iter().map(|(name, _)| name.as_str()).collect();
                format!("{}>{}", sources.join("+"), step.destinations.join("+"))
            })
            .collect()
    }

    #[test]
    fn destinations_come_after_all_that_leads_to_them() {
        let chain = plan(&[("b", "a"), ("c", "b"), ("d", "a")]);
        assert_eq!(text(&chain), ["c>b", "b+d>a"]);
        assert_eq!((chain.depth, chain.cycles.len()), (2, 0));
    }

    #[test]
    fn a_cycle_is_one_node() {
        let cycle = plan(&[("g2", "g1"), ("g1", "g2"), ("g3", "g2"), ("g1", "x")]);
        assert_eq!(text(&cycle), ["g3>g1+g2", "g1+g2>x"]);
        assert_eq!(cycle.cycles, [["g1", "g2"]]);
        assert_eq!(cycle.depth, 2);
    }

    #[test]
    fn equal_edges_merge_to_the_widest() {
        for (first, second, expect) in [
            (edge(true, &["user"]), edge(false, &["group"]), edge(false, &["user", "group"])),
            (edge(true, &["user"]), edge(true, &[]), edge(true, &[])),
            (edge(false, &[]), edge(true, &["user"]), edge(false, &[])),
        ] {
            let mut graph = Graph::default();
            graph.add("s", "d", first);
            graph.add("s", "d", second);
            assert_eq!(graph.edges(), 1);
            assert_eq!(graph.plan().steps[0].sources, [("s".to_owned(), expect)]);
        }
    }

    #[test]
    fn an_edge_to_itself_leads_nowhere() {
        let own = plan(&[("a", "a")]);
        assert!(own.steps.is_empty());
        assert!(own.cycles.is_empty());
    }
}
