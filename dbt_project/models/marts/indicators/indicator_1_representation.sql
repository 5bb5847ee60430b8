{{ record_indicator('1', results=ref('indicator_result')) }}
