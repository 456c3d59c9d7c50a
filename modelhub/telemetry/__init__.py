"""Those who are told what happens in calls."""
