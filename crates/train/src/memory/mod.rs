//! Explicit memory (Memory^3, Yang et al. 2024, arXiv 2407.01178): texts are encoded once, the keys and values of their
//! most attended tokens are kept on disk, and a decoder that looks texts up attends to them.

pub mod bank;
pub mod course;
pub mod leak;
pub mod library;
pub mod retrievers;
