from pyspark.sql import SparkSession
spark = SparkSession.builder.appName("LogAnalysis").getOrCreate()
logs_df = spark.read.json("s3://my-log-bucket/application-logs/2024/10/20/*.log")
processed_df = logs_df.groupBy("status_code").agg({"response_time": "avg", "status_code": "count"})
processed_df.write.csv("s3://my-log-bucket/processed-logs/2024/10/20/")
spark.stop()
