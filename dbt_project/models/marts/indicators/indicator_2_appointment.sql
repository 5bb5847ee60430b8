{{ record_indicator('2', results=ref('indicator_result')) }}
