"""What routers, cascades and chains decide: which model is asked, whether its answer will do, what comes next."""
