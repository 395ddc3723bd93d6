"""Values that everything else exchanges: targets, personas, observations, Evidence, findings, reports."""
