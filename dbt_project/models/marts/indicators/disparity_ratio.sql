{{ record_indicator('DR', results=ref('indicator_result')) }}
