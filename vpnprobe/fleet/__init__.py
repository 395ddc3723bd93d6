"""Whole fleets: inventories, sweeps, cut-overs, and what is checked again and again by a plan."""
