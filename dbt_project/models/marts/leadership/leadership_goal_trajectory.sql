{{ leadership_goal_trajectory(ref('leadership_goal'), published=true) }}
