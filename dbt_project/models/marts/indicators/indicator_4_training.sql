{{ record_indicator('4', results=ref('indicator_result')) }}
