"""What a person or a program sees of a job: observers and documents. They decide nothing."""
