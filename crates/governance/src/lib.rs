//! The use cases of Podium: each authorises its actor, decides by the domain, and writes with its audit row.
