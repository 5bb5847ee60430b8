{{ record_indicator('3', results=ref('indicator_result')) }}
