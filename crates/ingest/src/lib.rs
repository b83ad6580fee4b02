//! An uploaded sync file becomes what the store knows, in bounded memory.
