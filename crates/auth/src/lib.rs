//! Who is calling: connectors, machines, people.
