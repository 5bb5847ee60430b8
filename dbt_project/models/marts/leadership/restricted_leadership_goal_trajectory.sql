{{ leadership_goal_trajectory(ref('restricted_leadership_goal'), published=false) }}
